export interface Request {
  headers: { authorization?: string };
  body: { content: string };
  auth: { userId: string | null };
}
export interface Response {
  status(code: number): { json(body: unknown): void };
}
type Handler = (req: Request, res: Response) => Promise<void>;
export declare function withAuth(handler: Handler): (req: Omit<Request, 'auth'>, res: Response) => Promise<void>;

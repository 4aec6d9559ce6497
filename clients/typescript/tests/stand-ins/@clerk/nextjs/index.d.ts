export declare function getToken(): Promise<string | null>;

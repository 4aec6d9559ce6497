// Decode a JWT to check its contents. This does not verify it: only the server does.
export function decodeJWT(token: string) {
  const part = token.split('.')[1] ?? '';
  // A JWT is in base64url, and its text in UTF-8.
  const bytes = Uint8Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
  const payload = JSON.parse(new TextDecoder().decode(bytes));
  console.log('Expires:', new Date(payload.exp * 1000));
  // With CLERK_TENANT=organization the tenant is the active organization.
  console.log('User ID:', payload.sub, 'Organization ID:', payload.org_id ?? payload.o?.id);
  return payload;
}

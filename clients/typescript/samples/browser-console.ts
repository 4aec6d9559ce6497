// In browser console on your app
const token = await window.Clerk.session.getToken();

// Test with API
await fetch('https://api.herobrain.ai/api/v1/memories', {
  method: 'POST',
  headers: {
    'Authorization': `Bearer ${token}`,
    'Content-Type': 'application/json'
  },
  body: JSON.stringify({
    content: 'Test from Clerk JWT',
    type: 'episodic',
    tenantId: window.Clerk.user.id
  })
})
  .then(res => res.json())
  .then(console.log);

export {};

declare global {
  interface Window {
    Clerk: { session: { getToken(): Promise<string | null> }; user: { id: string } };
  }
}

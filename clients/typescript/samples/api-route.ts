// pages/api/memories.ts
import { withAuth } from '@clerk/nextjs/api';
import { HeroBrain, HeroBrainError } from '@herobrain/sdk';

export default withAuth(async (req, res) => {
  const session = req.headers.authorization?.replace(/^Bearer /i, '');
  if (!session) {
    res.status(401).json({ code: 'AUTH_REQUIRED', message: 'Sign in first' });
    return;
  }

  try {
    // Get a HeroBrain token that may do nothing but write memories
    const { data } = await new HeroBrain({ token: session }).auth.exchange({ scopes: ['write:memories'] });

    // Use the token with HeroBrain
    const hb = new HeroBrain({ token: data.token });
    const result = await hb.memories.create({ content: req.body.content, type: 'episodic' });
    res.status(201).json(result.data);
  } catch (error) {
    if (!(error instanceof HeroBrainError)) throw error;
    // Without a status there was no response.
    res.status(error.status ?? 502).json({ code: error.code, message: error.message });
  }
});

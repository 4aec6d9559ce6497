import { HeroBrain } from '@herobrain/sdk';

/** Replaces a key by a new one. `store` writes the new key where the application reads it. */
export async function rotateApiKey(hb: HeroBrain, oldKeyId: string, store: (plainKey: string) => Promise<void>) {
  // 1. Create new key. No two live keys of an environment have the same name.
  const newKey = await hb.apiKeys.create({
    name: `Production ${new Date().toISOString()}`,
    environment: 'production',
    scopes: ['read:memories', 'write:memories'],
  });

  // 2. Update your application configuration. The key is null if the response with it was lost.
  if (newKey.data.plainKey === null) throw new Error(`Rotate ${newKey.data.id}: its secret was lost on the way`);
  await store(newKey.data.plainKey);

  // 3. Revoke old key
  await hb.apiKeys.revoke({ keyId: oldKeyId });

  console.log('API key rotated successfully');
  return newKey.data.id;
}

/** Gives a key a new secret. Its id stays, and the previous secret is valid for an hour more. */
export async function rotateInPlace(hb: HeroBrain, keyId: string, store: (plainKey: string) => Promise<void>) {
  const { data } = await hb.apiKeys.rotate({ keyId, gracePeriodSeconds: 3600 });
  if (data.plainKey === null) throw new Error(`Rotate ${keyId} again: its secret was lost on the way`);
  await store(data.plainKey);
}

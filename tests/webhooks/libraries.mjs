// Verifies messages with the packages `standardwebhooks` and `svix`: `node libraries.mjs FOLDER FILE`, where FOLDER has both
// installed. FILE is a list of {"secret", "headers", "body"}. Prints {"standardwebhooks", "svix"}, for each a list of `true` or
// the reason of the refusal. Any other error than that of a refusal ends the program.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, file] = process.argv.slice(2);
const { resolve: find } = createRequire(resolve(folder, 'package.json'));
const messages = JSON.parse(readFileSync(file, 'utf8'));

function verdict({ Webhook, WebhookVerificationError }, { secret, headers, body }) {
  const webhook = secret.startsWith('whsec_')
    ? new Webhook(secret)
    : new Webhook(Buffer.from(secret), { format: 'raw' });
  try {
    webhook.verify(body, headers);
    return true;
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.message;
    throw error;
  }
}

const verdicts = {};
for (const name of ['standardwebhooks', 'svix']) {
  const library = await import(pathToFileURL(find(name)));
  verdicts[name] = messages.map((message) => verdict(library, message));
}
console.log(JSON.stringify(verdicts));

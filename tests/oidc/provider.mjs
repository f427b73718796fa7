// A real OpenID provider on a free port of this machine, for the tests. One line of JSON on
// standard output says where; each line of JSON on standard input replaces the claims of "sub".
import { createInterface } from 'node:readline';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const [redirectUri, logoutUri] = process.argv.slice(2);
const people = new Map();

function key() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
}

const configuration = (jwks) => ({
  clients: [
    {
      client_id: 'camhub',
      client_secret: 'a secret of the test provider',
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [logoutUri],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  jwks: { keys: jwks },
  cookies: { keys: [randomUUID()] },
  pkce: { required: () => true },
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    groups: ['groups', 'units'],
  },
  conformIdTokenClaims: false,
  async findAccount(_, sub) {
    return { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) };
  },
});

let handle = null;
const server = createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const start = () => {
    handle = new Provider(issuer, configuration([key()])).callback();
  };
  start();
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { sub, claims, newKeys } = JSON.parse(line);
    if (newKeys) start();
    else people.set(sub, claims);
    console.log(JSON.stringify({ done: true }));
  });
  console.log(JSON.stringify({ issuer }));
});

// Starts the GitHub emulator (npm `emulate`) with its gaps towards github.com closed, for tests.
//
//   node launcher.mjs SEED.json PORT        (EMULATE_DIR names the folder of the npm package)
//
// Each gap is a file beside this one with a `before` (routes that must win over the emulator's: the first match counts)
// and/or an `after` (what needs the emulator's own routes and store). `_test/…` paths are for tests only: see control.mjs.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import * as access from './access.mjs';
import * as app from './app.mjs';
import * as checks from './checks.mjs';
import * as control from './control.mjs';
import * as deliveries from './deliveries.mjs';
import * as door from './door.mjs';
import * as graphql from './graphql.mjs';
import * as logs from './logs.mjs';
import * as payloads from './payloads.mjs';
import * as pulls from './pulls.mjs';
import * as reactions from './reactions.mjs';
import { World } from './world.mjs';

const GAPS = [door, control, access, app, deliveries, logs, reactions, pulls, checks, graphql, payloads];

const dist = path.join(process.env.EMULATE_DIR ?? 'node_modules/emulate', 'dist');
const bundle = fs
  .readdirSync(dist)
  .find((name) => /^dist-.*\.js$/.test(name) && fs.readFileSync(path.join(dist, name), 'utf8').includes('githubPlugin'));
const { createEmulator } = await import(pathToFileURL(path.join(dist, 'api.js')));
// The very module that `createEmulator` loads, so that what is wrapped here is what runs.
const { githubPlugin, getGitHubStore } = await import(pathToFileURL(path.join(dist, bundle)));

// The emulator would listen to the whole network.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port) {
  return listen.call(this, port, '127.0.0.1');
};

const seed = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const port = Number(process.argv[3]);

const register = githubPlugin.register;
githubPlugin.register = function (server, store, webhooks, baseUrl, tokens) {
  const world = new World({ server, gh: getGitHubStore(store), webhooks, baseUrl, tokens, seed });
  for (const gap of GAPS) gap.before?.(world);
  server.onError((error, c) => {
    const status = error.status ?? 500;
    if (status >= 500) console.error(error.stack);
    return c.json({ message: error.message, documentation_url: 'https://docs.github.com/rest' }, status);
  });
  register.call(this, server, store, webhooks, baseUrl, tokens);
  world.unwrap();
  for (const gap of GAPS) gap.after?.(world);
};
await createEmulator({ service: 'github', port, seed, baseUrl: `http://127.0.0.1:${port}` });
console.log('ready');
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

// Who may do what: unknown and ended tokens, suspended installations, archived repositories, narrow tokens.
import { wholeSeconds } from './world.mjs';

export function before(world) {
  const { server, tokens, gh } = world;
  const ends = new Map(); // token: when it ends, in ms
  const lifeMs = () => (world.tokenLifeS ?? 3600) * 1000;

  server.use('*', async (c, next) => {
    const header = c.req.header('Authorization') ?? '';
    const secret = header.replace(/^(bearer|token)\s+/i, '').trim();
    if (/^(bearer|token)\s/i.test(header) && !secret.startsWith('eyJ')) {
      // The emulator takes any token for its first user's.
      if (!tokens.has(secret)) return world.refuse(c, 401, 'Bad credentials');
      if (ends.has(secret) && ends.get(secret) < Date.now()) return world.refuse(c, 401, 'Bad credentials');
    }
    const installation = c.get('authUser')?.installation;
    if (installation) {
      const row = gh.appInstallations.all().find((one) => one.installation_id === installation.installationId);
      if (!row) return world.refuse(c, 401, 'Bad credentials');
      if (row.suspended_at) return world.refuse(c, 403, 'This installation has been suspended');
      const [, name] = /^\/repos\/([^/]+\/[^/]+)/.exec(c.req.path) ?? [];
      const repo = name && gh.repos.all().find((one) => one.full_name.toLowerCase() === name.toLowerCase());
      if (repo?.archived && c.req.method !== 'GET')
        return world.refuse(c, 403, 'Repository was archived so is read-only.');
      const chosen = installation.repositorySelection === 'all' || installation.repositoryIds.includes(repo?.id);
      if (repo?.private && !chosen) return world.refuse(c, 404, 'Not Found');
    }
    await next();
  });

  world.wrap('POST /app/installations/:installation_id/access_tokens', (handler) => async (c, next) => {
    const id = Number(c.req.param('installation_id'));
    const row = gh.appInstallations.all().find((one) => one.installation_id === id);
    if (c.get('authApp') && row?.suspended_at) return world.refuse(c, 403, 'This installation has been suspended');
    const response = await handler(c, next);
    if (response.status !== 201) return response;
    const made = await response.json();
    delete made.repositories; // github.com gives them whole, the emulator in part
    ends.set(made.token, Date.now() + lifeMs());
    made.expires_at = wholeSeconds(new Date(ends.get(made.token)));
    return c.json(made, 201);
  });

  server.delete('/installation/token', (c) => {
    if (!c.get('authUser')?.installation) return world.refuse(c, 401, 'Requires authentication');
    tokens.delete(c.get('authToken'));
    return c.body(null, 204);
  });

  // A token as GitHub Actions has one: tests let checks fail with it.
  world.actionsToken = (repo) => {
    const secret = 'ghs_actions';
    tokens.set(secret, {
      login: 'github-actions',
      id: 41898282,
      scopes: [],
      installation: {
        installationId: 1,
        appId: 15368,
        accountId: repo.owner_id,
        accountType: repo.owner_type,
        permissions: { checks: 'write', contents: 'read', actions: 'write' },
        repositoryIds: [],
        repositorySelection: 'all',
      },
    });
    return secret;
  };
}


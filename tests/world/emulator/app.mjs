// The App about itself and its installations, where the emulator says nothing.

export function before(world) {
  const { server, gh } = world;

  server.get('/app', (c) => {
    if (!c.get('authApp')) return world.refuse(c, 401, 'A JSON web token could not be decoded');
    return c.json(world.appJson(c.get('authApp').appId));
  });

  // The last step of the manifest flow: a code, good once, becomes the App's credentials. Tests order codes.
  server.post('/app-manifests/:code/conversions', (c) => {
    if (!world.codes.delete(c.req.param('code'))) return world.refuse(c, 404, 'Not Found');
    const { app_id, private_key, webhook_secret } = world.seed.github.apps[0];
    const secrets = { client_secret: 'unused', webhook_secret, pem: private_key };
    return c.json({ ...world.appJson(app_id), ...secrets }, 201);
  });

  server.get('/installation/repositories', (c) => {
    const installation = c.get('authUser')?.installation;
    if (!installation) return world.refuse(c, 403, 'You must authenticate with an installation access token');
    const repositories = gh.repos
      .all()
      .filter((repo) => repo.owner_id === installation.accountId && repo.owner_type === installation.accountType)
      .filter((repo) => installation.repositorySelection === 'all' || installation.repositoryIds.includes(repo.id));
    return c.json({
      total_count: repositories.length,
      repositories: repositories.map((repo) => ({
        id: repo.id,
        node_id: repo.node_id,
        name: repo.name,
        full_name: repo.full_name,
        private: repo.private,
      })),
    });
  });

  world.wrap('GET /repos/:owner/:repo/installation', (handler) => (c, next) =>
    c.get('authApp') ? handler(c, next) : world.refuse(c, 401, 'A JSON web token could not be decoded'),
  );

  // github.com says "write" where the emulator says "push".
  world.wrap('GET /repos/:owner/:repo/collaborators/:username/permission', (handler) => async (c, next) => {
    const response = await handler(c, next);
    if (response.status !== 200) return response;
    const found = await response.json();
    const legacy = { push: 'write', maintain: 'write', triage: 'read', pull: 'read' };
    return c.json({ ...found, permission: legacy[found.permission] ?? found.permission });
  });
}

// What Actions wrote: the log of a job as text and of a run as a zip, each behind a redirect to a signed address, as
// github.com has them. Tests hand them in (control.mjs).

export function before(world) {
  const { server } = world;
  world.jobLogs = new Map();
  world.runLogs = new Map();
  world.gone = new Set(); // logs that have expired: "jobs/1", "runs/2"

  for (const kind of ['jobs', 'runs']) {
    const kept = kind === 'jobs' ? world.jobLogs : world.runLogs;
    server.get(`/repos/:owner/:repo/actions/${kind}/:id/logs`, (c) => {
      const id = c.req.param('id');
      if (!world.repo(c)) return world.refuse(c, 404, 'Not Found');
      if (world.gone.has(`${kind}/${id}`)) return world.refuse(c, 410, 'Server Error: log has expired');
      if (!kept.has(id)) return world.refuse(c, 404, 'Not Found');
      const storage = world.baseUrl.replace('127.0.0.1', 'localhost'); // another host than the API's, as there
      return c.redirect(`${storage}/_logs/${kind}/${id}?sig=signed`, 302);
    });
    server.get(`/_logs/${kind}/:id`, (c) => {
      // Azure's storage refuses a request that carries another system's token.
      if (c.req.header('Authorization')) return world.refuse(c, 400, 'InvalidAuthenticationInfo');
      if (c.req.query('sig') !== 'signed') return world.refuse(c, 403, 'AuthenticationFailed');
      const bytes = kept.get(c.req.param('id'));
      return c.body(bytes, 200, { 'Content-Type': kind === 'jobs' ? 'text/plain' : 'application/zip' });
    });
  }
}

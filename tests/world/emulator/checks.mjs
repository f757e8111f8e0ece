// Check runs where the emulator falls short: which App made them, their annotations and pull requests, the latest per
// App and name, and `check_suite.completed` once all of an App's runs on a commit have ended.

export function before(world) {
  const { server, gh } = world;
  const makers = new Map(); // check run id: App id
  const annotations = new Map(); // check run id: annotations, which github.com appends to
  world.checkMaker = makers;

  const complete = (run) => {
    if (!run) return run;
    const row = gh.checkRuns.get(run.id);
    const pulls = gh.pullRequests.all().filter((pull) => pull.repo_id === row?.repo_id && pull.head_sha === run.head_sha);
    return {
      ...run,
      app: world.appJson(makers.get(run.id)) ?? run.app,
      pull_requests: pulls
        .filter((pull) => pull.head_repo_id === pull.base_repo_id)
        .map((pull) => ({
          id: pull.id,
          number: pull.number,
          url: `${world.baseUrl}/repos/${gh.repos.get(pull.repo_id).full_name}/pulls/${pull.number}`,
          head: { ref: pull.head_ref, sha: pull.head_sha, repo: { id: pull.head_repo_id, url: '', name: '' } },
          base: { ref: pull.base_ref, sha: pull.base_sha, repo: { id: pull.base_repo_id, url: '', name: '' } },
        })),
      output: {
        ...run.output,
        annotations_url: `${run.url}/annotations`,
        annotations_count: annotations.get(run.id)?.length ?? run.output.annotations_count,
      },
    };
  };
  world.completeRun = complete;

  const noted = (handler) => async (c, next) => {
    const asked = await c.req.raw.clone().json().catch(() => ({}));
    const maker = c.get('authUser')?.installation?.appId;
    const known = makers.get(Number(c.req.param('check_run_id')));
    if (known !== undefined && known !== maker)
      return world.refuse(c, 403, 'Invalid app_id `' + maker + '` - check run can only be modified by the GitHub App that created it.');
    if (!maker) return world.refuse(c, 403, 'You must authenticate via a GitHub App.');
    world.nextMaker = maker; // the webhook is sent before the handler is done
    const response = await handler(c, next);
    if (!response.ok) return response;
    const run = await response.json();
    makers.set(run.id, maker);
    if (asked.output?.annotations)
      annotations.set(run.id, [...(annotations.get(run.id) ?? []), ...asked.output.annotations]);
    return c.json(complete(run), response.status);
  };
  world.wrap('POST /repos/:owner/:repo/check-runs', noted);
  world.wrap('PATCH /repos/:owner/:repo/check-runs/:check_run_id', noted);

  world.wrap('GET /repos/:owner/:repo/check-runs/:check_run_id', (handler) => async (c, next) => {
    const response = await handler(c, next);
    return response.ok ? c.json(complete(await response.json())) : response;
  });
  server.get('/repos/:owner/:repo/check-runs/:id/annotations', (c) => {
    const repo = world.repo(c);
    const run = gh.checkRuns.get(Number(c.req.param('id')));
    if (!repo || run?.repo_id !== repo.id) return world.refuse(c, 404, 'Not Found');
    const blank = { title: null, raw_details: null, start_column: null, end_column: null, blob_href: '' };
    return c.json((annotations.get(run.id) ?? run.output.annotations).map((one) => ({ ...blank, ...one })));
  });

  server.get('/repos/:owner/:repo/commits/:ref/check-runs', (c) => {
    const repo = world.repo(c);
    if (!repo) return world.refuse(c, 404, 'Not Found');
    const installation = c.get('authUser')?.installation;
    if (installation && !installation.permissions.checks)
      return world.refuse(c, 403, 'Resource not accessible by integration');
    const { check_name, status, app_id, filter = 'latest' } = Object.fromEntries(new URL(c.req.url).searchParams);
    let rows = gh.checkRuns
      .findBy('repo_id', repo.id)
      .filter((row) => row.head_sha === c.req.param('ref'))
      .filter((row) => !check_name || row.name === check_name)
      .filter((row) => !status || row.status === status)
      .filter((row) => !app_id || makers.get(row.id) === Number(app_id))
      .sort((one, other) => other.id - one.id);
    if (filter === 'latest') {
      const seen = new Set();
      const first = (key) => !seen.has(key) && seen.add(key);
      rows = rows.filter((row) => first(`${makers.get(row.id)}/${row.name}`));
    }
    const page = Number(c.req.query('page') ?? 1);
    const size = Math.min(100, Number(c.req.query('per_page') ?? 30));
    if (rows.length > page * size) {
      const next = new URL(c.req.url);
      next.searchParams.set('page', String(page + 1));
      c.header('Link', `<${world.baseUrl}${next.pathname}${next.search}>; rel="next"`);
    }
    const shown = rows.slice((page - 1) * size, page * size);
    return Promise.all(
      shown.map((row) => world.ask(`/repos/${repo.full_name}/check-runs/${row.id}`)),
    ).then((check_runs) => c.json({ total_count: rows.length, check_runs }));
  });
}

/** The suite that an App's runs on a commit make, once all have ended; null before. */
export function endedSuite(world, run) {
  const row = world.gh.checkRuns.get(run.id);
  const maker = world.checkMaker.get(run.id);
  const mine = world.gh.checkRuns
    .findBy('repo_id', row.repo_id)
    .filter((one) => one.head_sha === row.head_sha && world.checkMaker.get(one.id) === maker);
  if (mine.some((one) => one.status !== 'completed')) return null;
  const bad = ['failure', 'timed_out', 'cancelled', 'action_required'];
  const conclusion = bad.find((word) => mine.some((one) => one.conclusion === word)) ?? 'success';
  return { ...run.check_suite, status: 'completed', conclusion, latest_check_runs_count: mine.length };
}

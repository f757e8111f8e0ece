// What tests may order and look at, under `/_test/`. None of it is GitHub's.

export function before(world) {
  const { server, gh, webhooks } = world;
  const ok = (c) => c.json({ ok: true });

  server.get('/_test/state', (c) =>
    c.json({ in_flight: world.inFlight, requests: world.requests, deliveries: world.sent, reactions: world.reactions }),
  );
  server.post('/_test/forget', (c) => {
    world.requests.length = 0;
    world.faults.length = 0;
    return ok(c);
  });
  // {method, path (a regular expression), status, times, headers, message, delay_ms, after}
  server.post('/_test/fault', async (c) => {
    world.faults.push({ times: 1, status: 500, ...(await c.req.json()) });
    return ok(c);
  });
  server.post('/_test/redeliver/:guid', async (c) => {
    const found = world.sent.find((one) => one.guid === c.req.param('guid'));
    const response = await world.sendAgain(found);
    return c.json({ status: response?.status ?? 502 });
  });
  server.post('/_test/dispatch', async (c) => {
    const { event, payload, owner, repo } = await c.req.json();
    await webhooks.dispatch(event, payload.action, payload, owner, repo);
    return ok(c);
  });
  server.post('/_test/logs/:kind/:id', async (c) => {
    const kept = c.req.param('kind') === 'jobs' ? world.jobLogs : world.runLogs;
    kept.set(c.req.param('id'), Buffer.from(await c.req.arrayBuffer()));
    return ok(c);
  });
  // {token_life_s, no_drafts, suspended: installation id, resumed: installation id, gone_logs: "jobs/1",
  // manifest_code: what a person brings back who created the App}
  server.post('/_test/order', async (c) => {
    const order = await c.req.json();
    if ('token_life_s' in order) world.tokenLifeS = order.token_life_s;
    if ('no_drafts' in order) world.noDrafts = order.no_drafts;
    if ('gone_logs' in order) world.gone.add(order.gone_logs);
    if ('manifest_code' in order) world.codes.add(order.manifest_code);
    for (const [word, at] of [['suspended', new Date().toISOString()], ['resumed', null]]) {
      const row = gh.appInstallations.all().find((one) => one.installation_id === order[word]);
      if (row) gh.appInstallations.update(row.id, { suspended_at: at });
    }
    return ok(c);
  });
  // {repo, sha, branch, name}: an Actions run with one job, whose check run has the job's id as on github.com
  server.post('/_test/actions', async (c) => {
    const { repo: full, sha, branch, name, output, conclusion } = await c.req.json();
    const repo = gh.repos.findOneBy('full_name', full);
    const authorization = `token ${world.actionsToken(repo)}`;
    const run = gh.workflowRuns.insert({
      node_id: '', repo_id: repo.id, workflow_id: 1, name: 'CI', head_branch: branch, head_sha: sha, run_number: 1,
      run_attempt: 1, event: 'push', status: 'completed', conclusion, actor_id: repo.owner_id,
      run_started_at: new Date().toISOString(),
    });
    const made = await world.ask(`/repos/${full}/check-runs`, {
      authorization, method: 'POST', body: { name, head_sha: sha, status: 'in_progress' },
    });
    gh.jobs.insert({
      id: made.id, node_id: '', repo_id: repo.id, run_id: run.id, name, status: 'completed', conclusion,
      started_at: run.run_started_at, completed_at: run.run_started_at, runner_id: 1, runner_name: 'Hosted', steps: [],
    });
    return c.json({ check_id: made.id, run_id: run.id });
  });
  server.post('/_test/actions/:id/end', async (c) => {
    const { repo: full, conclusion, run_id, output } = await c.req.json();
    const id = c.req.param('id');
    const authorization = `token ${world.actionsToken(gh.repos.findOneBy('full_name', full))}`;
    const details_url = `${world.baseUrl}/${full}/actions/runs/${run_id}/job/${id}`;
    gh.checkRuns.update(Number(id), { details_url });
    const ended = await world.ask(`/repos/${full}/check-runs/${id}`, {
      authorization, method: 'PATCH', body: { status: 'completed', conclusion, output, details_url },
    });
    return c.json(ended);
  });
}

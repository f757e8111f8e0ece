// Pull requests where the emulator falls short: as issues, their files and diff, duplicates, heads that follow their
// branch, commits' pull requests, drafts, forks that allow maintainers' edits.

export function before(world) {
  const { server, gh } = world;
  const home = (c) => `/repos/${c.req.param('owner')}/${c.req.param('repo')}`;
  const authorization = (c) => c.req.header('Authorization');
  world.editable = new Map(); // pull request row id: whether maintainers may edit

  const complete = (pull) => {
    const row = gh.pullRequests.all().find((one) => one.id === pull.id);
    const fork = row && row.head_repo_id !== row.base_repo_id;
    return { ...pull, maintainer_can_modify: fork ? (world.editable.get(pull.id) ?? false) : false };
  };
  const completed = (handler) => async (c, next) => {
    const response = await handler(c, next);
    if (!response.ok) return response;
    const link = response.headers.get('Link');
    if (link) c.header('Link', link);
    const found = await response.json();
    return c.json(Array.isArray(found) ? found.map(complete) : complete(found), response.status);
  };
  world.completePull = complete;

  world.wrap('GET /repos/:owner/:repo/pulls', completed);
  world.wrap('PATCH /repos/:owner/:repo/pulls/:pull_number', completed);
  world.wrap('GET /repos/:owner/:repo/pulls/:pull_number', (handler) => async (c, next) => {
    if (!/diff|patch/.test(c.req.header('Accept') ?? '')) return completed(handler)(c, next);
    const pull = await (await handler(c, next)).json();
    const range = `${pull.base?.sha}...${pull.head?.sha}`;
    const compared = await world.ask(`${home(c)}/compare/${range}`, { authorization: authorization(c) });
    if (!compared) return world.refuse(c, 404, 'Not Found');
    return c.text(compared.files.map(diff).join(''), 200, {
      'Content-Type': 'application/vnd.github.diff; charset=utf-8',
    });
  });

  world.wrap('POST /repos/:owner/:repo/pulls', (handler) => async (c, next) => {
    const asked = await c.req.raw.clone().json();
    const repo = world.repo(c);
    const head = String(asked.head).split(':').pop();
    const invalid = (errors) => world.refuse(c, 422, 'Validation Failed', { errors });
    if (world.noDrafts && asked.draft)
      return world.refuse(c, 422, 'Draft pull requests are not supported in this repository.');
    if (repo && String(asked.head).includes(':')) {
      const [owner] = asked.head.split(':');
      const fork = gh.repos.all().find((one) => one.forked_from_id === repo.id && one.full_name.startsWith(`${owner}/`));
      if (fork) share(fork.id, repo.id);
    } else if (repo) {
      const known = (name) => gh.branches.findBy('repo_id', repo.id).some((branch) => branch.name === name);
      if (!known(head)) return invalid([{ resource: 'PullRequest', field: 'head', code: 'invalid' }]);
      if (!known(asked.base)) return invalid([{ resource: 'PullRequest', field: 'base', code: 'invalid' }]);
      const same = (one) => one.state === 'open' && one.head_ref === head && one.base_ref === asked.base;
      if (gh.pullRequests.findBy('repo_id', repo.id).some(same)) {
        const message = `A pull request already exists for ${c.req.param('owner')}:${head}.`;
        return invalid([{ resource: 'PullRequest', code: 'custom', message }]);
      }
    }
    const response = await completed(handler)(c, next);
    if (response.ok && asked.maintainer_can_modify) {
      const pull = await response.json();
      world.editable.set(pull.id, true);
      return c.json(complete(pull), response.status);
    }
    return response;
  });

  // What a fork has, its parent knows too, once there is a pull request.
  function share(from, to) {
    for (const kind of ['blobs', 'trees', 'commits']) {
      const there = new Set(gh[kind].findBy('repo_id', to).map((row) => row.sha));
      for (const { id, ...row } of gh[kind].findBy('repo_id', from))
        if (!there.has(row.sha)) gh[kind].insert({ ...row, repo_id: to });
    }
  }
  world.share = share;

  world.wrap('GET /repos/:owner/:repo/issues/:issue_number', (handler) => async (c, next) => {
    const number = c.req.param('issue_number');
    const repo = world.repo(c);
    if (!world.pull(repo, number)) return handler(c, next);
    const pull = await world.ask(`${home(c)}/pulls/${number}`, { authorization: authorization(c) });
    if (!pull) return world.refuse(c, 404, 'Not Found');
    const { head, base, draft, ...issue } = pull;
    return c.json({ ...issue, draft, pull_request: world.pullLink(repo.full_name, number) });
  });
  world.pullLink = (name, number) => ({
    url: `${world.baseUrl}/repos/${name}/pulls/${number}`,
    html_url: `${world.baseUrl}/${name}/pull/${number}`,
    diff_url: `${world.baseUrl}/${name}/pull/${number}.diff`,
    patch_url: `${world.baseUrl}/${name}/pull/${number}.patch`,
    merged_at: null,
  });

  server.get('/repos/:owner/:repo/pulls/:pull_number/files', async (c) => {
    const pull = world.pull(world.repo(c), c.req.param('pull_number'));
    if (!pull) return world.refuse(c, 404, 'Not Found');
    const range = `${pull.base_sha}...${pull.head_sha}`;
    const compared = await world.ask(`${home(c)}/compare/${range}`, { authorization: authorization(c) });
    return c.json(compared?.files ?? []);
  });

  server.get('/repos/:owner/:repo/commits/:sha/pulls', async (c) => {
    const repo = world.repo(c);
    if (!repo) return world.refuse(c, 404, 'Not Found');
    const numbers = gh.pullRequests
      .findBy('repo_id', repo.id)
      .filter((pull) => pull.head_sha === c.req.param('sha'))
      .map((pull) => pull.number);
    const found = await Promise.all(numbers.map((number) => world.ask(`${home(c)}/pulls/${number}`)));
    return c.json(found.filter(Boolean));
  });
}

export function after(world) {
  const { gh, webhooks } = world;
  // A branch that moves takes its open pull requests along.
  const update = gh.refs.update.bind(gh.refs);
  gh.refs.update = (id, change) => {
    const old = gh.refs.get(id)?.sha;
    const ref = update(id, change);
    if (!change.sha || change.sha === old || !ref.ref.startsWith('refs/heads/')) return ref;
    const moved = gh.pullRequests
      .all()
      .filter((pull) => pull.state === 'open' && pull.head_repo_id === ref.repo_id)
      .filter((pull) => ref.ref === `refs/heads/${pull.head_ref}`);
    for (const pull of moved) {
      if (pull.head_repo_id !== pull.base_repo_id) world.share(pull.head_repo_id, pull.base_repo_id);
      gh.pullRequests.update(pull.id, { head_sha: change.sha });
      queueMicrotask(() => synchronized(pull, old, change.sha));
    }
    return ref;
  };

  async function synchronized(pull, old, sha) {
    const repo = gh.repos.get(pull.repo_id);
    const [owner, name] = repo.full_name.split('/');
    const pull_request = await world.ask(`/repos/${repo.full_name}/pulls/${pull.number}`);
    const repository = await world.ask(`/repos/${repo.full_name}`);
    const sender = pull_request.user;
    const payload = { action: 'synchronize', number: pull.number, before: old, after: sha, pull_request, repository, sender };
    webhooks.dispatch('pull_request', 'synchronize', payload, owner, name);
  }
}

function diff(file) {
  const old = file.previous_filename ?? file.filename;
  const lines = [`diff --git a/${old} b/${file.filename}`];
  if (file.status === 'added') lines.push('new file mode 100644');
  lines.push(file.status === 'added' ? '--- /dev/null' : `--- a/${old}`);
  lines.push(file.status === 'removed' ? '+++ /dev/null' : `+++ b/${file.filename}`);
  return `${lines.join('\n')}\n${file.patch ?? ''}\n`;
}

// The GraphQL mutations that the REST interface has no counterpart for: taking a pull request's draft state away, and
// giving it back.

export function before(world) {
  const { server, gh } = world;

  server.post('/graphql', async (c) => {
    const { query, variables } = await c.req.json();
    const [, name] = /\b(markPullRequestReadyForReview|convertPullRequestToDraft)\b/.exec(query) ?? [];
    if (!name) return c.json({ errors: [{ type: 'INVALID', message: 'this is not emulated' }] });
    const installation = c.get('authUser')?.installation;
    if (installation && installation.permissions.pull_requests !== 'write')
      return c.json({ data: { [name]: null }, errors: [{ type: 'FORBIDDEN', message: 'Resource not accessible by integration' }] });
    const id = variables?.input?.pullRequestId ?? variables?.id;
    const pull = gh.pullRequests.all().find((one) => one.node_id === id);
    if (!pull) {
      const message = `Could not resolve to a node with the global id of '${id}'`;
      return c.json({ data: { [name]: null }, errors: [{ type: 'NOT_FOUND', message }] });
    }
    gh.pullRequests.update(pull.id, { draft: name === 'convertPullRequestToDraft' });
    const { draft } = gh.pullRequests.get(pull.id);
    return c.json({ data: { [name]: { pullRequest: { id, isDraft: draft, number: pull.number } } } });
  });
}

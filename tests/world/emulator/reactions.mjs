// Reactions: who put which on what. The emulator has none.
import { wholeSeconds } from './world.mjs';

const CONTENTS = ['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes'];

export function before(world) {
  const { server, gh } = world;
  world.reactions = [];

  const put = (kind, exists) => async (c) => {
    const user = c.get('authUser');
    const repo = world.repo(c);
    const target = Number(c.req.param('id'));
    if (!user) return world.refuse(c, 401, 'Requires authentication');
    if (!repo || !exists(repo, target)) return world.refuse(c, 404, 'Not Found');
    const { content } = await c.req.json();
    if (!CONTENTS.includes(content)) return world.refuse(c, 422, 'Validation Failed');
    const granted = user.installation?.permissions;
    if (granted && granted.issues !== 'write' && granted.pull_requests !== 'write')
      return world.refuse(c, 403, 'Resource not accessible by integration');
    const login = user.installation ? `${world.app(user.installation.appId)?.slug}[bot]` : user.login;
    const same = (one) =>
      one.kind === kind && one.target === target && one.content === content && one.user.login === login;
    const before = world.reactions.find(same);
    if (before) return c.json(before, 200);
    const id = world.reactions.length + 1;
    const row = { id, node_id: `R_${id}`, kind, target, content, user: { login }, created_at: wholeSeconds(new Date()) };
    world.reactions.push(row);
    return c.json(row, 201);
  };
  const comment = (type) => (repo, id) => {
    const found = gh.comments.get(id);
    return found?.repo_id === repo.id && found.comment_type === type;
  };
  const thread = (repo, number) => gh.issues.findBy('repo_id', repo.id).some((issue) => issue.number === number);
  server.post('/repos/:owner/:repo/issues/comments/:id/reactions', put('comment', comment('issue')));
  server.post('/repos/:owner/:repo/pulls/comments/:id/reactions', put('review_comment', comment('review')));
  server.post('/repos/:owner/:repo/issues/:id/reactions', put('thread', thread));
}

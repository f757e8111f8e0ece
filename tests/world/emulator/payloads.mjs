// Webhook payloads, made complete before they are signed and sent.
import { endedSuite } from './checks.mjs';

export function after(world) {
  const { gh, webhooks } = world;
  const dispatch = webhooks.dispatch;

  webhooks.dispatch = async (event, action, payload, owner, name) => {
    const full = `${owner}/${name}`;
    const repo = gh.repos.findOneBy('full_name', full);
    const given = { ...payload };
    if (action) given.action = action;
    if (given.pull_request) {
      given.pull_request = world.completePull(given.pull_request);
      if (event === 'pull_request') given.number = given.pull_request.number;
    }
    if (given.issue && world.pull(repo, given.issue.number)) {
      if (event === 'issues') {
        event = 'pull_request';
        given.number = given.issue.number;
        given.pull_request = world.completePull(await world.ask(`/repos/${full}/pulls/${given.number}`));
        given.pull_request.labels = given.issue.labels;
        delete given.issue;
      } else {
        given.issue = { ...given.issue, pull_request: world.pullLink(full, given.issue.number) };
      }
    }
    if (event === 'check_run') {
      if (!world.checkMaker.has(given.check_run.id)) world.checkMaker.set(given.check_run.id, world.nextMaker);
      given.check_run = world.completeRun(given.check_run);
    }
    await dispatch(event, action, given, owner, name);
    if (event === 'check_run' && given.check_run.status === 'completed') await suite(given, owner, name);
  };

  async function suite({ check_run, repository, sender }, owner, name) {
    const ended = endedSuite(world, check_run);
    if (!ended) return;
    const { app, pull_requests, head_sha } = check_run;
    const check_suite = { ...ended, app, pull_requests, head_commit: { id: head_sha } };
    await dispatch('check_suite', 'completed', { action: 'completed', check_suite, repository, sender }, owner, name);
  }
}

// What the gaps share: the server, the store, what tests ordered, and small helpers. No routes.

export class World {
  constructor({ server, gh, webhooks, baseUrl, tokens, seed }) {
    Object.assign(this, { server, gh, webhooks, baseUrl, tokens, seed });
    this.adminToken = Object.keys(seed.tokens)[0];
    this.requests = []; // what Apps asked
    this.faults = []; // what tests ordered to go wrong
    this.sent = []; // webhooks
    this.codes = new Set(); // with which the manifest flow ends
    this.inFlight = 0;
    this.wrappers = new Map(); // "METHOD /path": handler => handler
    this.fetch = server.fetch.bind(server); // past what door.mjs puts in front
    this.methods = {};
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
      const original = (this.methods[method] = server[method].bind(server));
      server[method] = (path, ...handlers) => {
        const wrapper = this.wrappers.get(`${method.toUpperCase()} ${path}`);
        return wrapper ? original(path, wrapper(handlers.at(-1))) : original(path, ...handlers);
      };
    }
  }

  /** Replaces the emulator's handler of this route by `wrapper(handler)`. */
  wrap(route, wrapper) {
    this.wrappers.set(route, wrapper);
  }

  unwrap() {
    Object.assign(this.server, this.methods);
  }

  repo(c) {
    const name = `${c.req.param('owner')}/${c.req.param('repo')}`;
    return this.gh.repos.all().find((repo) => repo.full_name.toLowerCase() === name.toLowerCase());
  }

  pull(repo, number) {
    return repo && this.gh.pullRequests.findBy('repo_id', repo.id).find((pull) => pull.number === Number(number));
  }

  refuse(c, status, message, more = {}) {
    return c.json({ message, documentation_url: 'https://docs.github.com/rest', ...more }, status);
  }

  /** Asks the emulator itself; null when it refuses. `authorization` defaults to an administrator's. */
  async ask(path, { authorization = `token ${this.adminToken}`, method = 'GET', body } = {}) {
    const response = await this.call(path, { authorization, method, body });
    if (response.ok) return response.json();
    if (response.status !== 404) console.error(method, path, response.status, await response.text());
    return null;
  }

  call(path, { authorization, method = 'GET', body }) {
    const headers = { Authorization: authorization, 'Content-Type': 'application/json' };
    return this.fetch(
      new Request(`${this.baseUrl}${path}`, { method, headers, body: body && JSON.stringify(body) }),
    );
  }

  app(id) {
    return this.gh.apps.all().find((app) => app.app_id === id);
  }

  appJson(id) {
    const app = this.app(id);
    return (
      app && {
        id: app.app_id,
        slug: app.slug,
        node_id: `A_${app.app_id}`,
        client_id: `Iv1.${app.app_id}`,
        name: app.name,
        owner: null,
        description: null,
        external_url: this.baseUrl,
        html_url: `${this.baseUrl}/apps/${app.slug}`,
        created_at: app.created_at,
        updated_at: app.updated_at,
        permissions: app.permissions,
        events: app.events,
      }
    );
  }
}

export const wholeSeconds = (date) => date.toISOString().replace(/\.\d+Z$/, 'Z');

// Stands in front of the whole emulator: writes down what Apps ask and what they are answered, and makes go wrong what
// tests ordered to.

export function before(world) {
  const { server, tokens } = world;

  /** The App that asks, by its own token (a JWT) or an installation's; null for anybody else. */
  const appId = (request) => {
    const secret = (request.headers.get('Authorization') ?? '').replace(/^(bearer|token)\s+/i, '');
    if (!secret.startsWith('eyJ')) return tokens.get(secret)?.installation?.appId ?? null;
    return Number(JSON.parse(Buffer.from(secret.split('.')[1], 'base64url').toString()).iss);
  };

  const record = async (request, url) => {
    const text = await request.clone().text();
    return {
      method: request.method,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: text ? JSON.parse(text) : null,
      app_id: appId(request),
      status: null,
    };
  };

  const answer = (status, message, headers = {}) =>
    Response.json({ message, documentation_url: 'https://docs.github.com/rest' }, { status, headers });

  const faulty = async (request, url, ofApp) => {
    const fault = world.faults
      .filter((one) => one.times > 0 && (ofApp || !one.of_app))
      .find((one) => one.method === request.method && new RegExp(one.path).test(url.pathname));
    if (!fault) return world.fetch(request);
    fault.times--;
    if (fault.delay_ms) await new Promise((done) => setTimeout(done, fault.delay_ms));
    if (fault.status === 0) return world.fetch(request); // only slow
    if (fault.after) await world.fetch(request); // the change is made, its answer is lost
    return answer(fault.status, fault.message, fault.headers);
  };

  server.fetch = async (request) => {
    const url = new URL(request.url);
    if (url.pathname.startsWith('/_')) return world.fetch(request);
    const asked = appId(request) === null || request.headers.has('X-World') ? null : await record(request, url);
    if (asked) world.requests.push(asked);
    let response = await faulty(request, url, asked !== null);
    if (asked && response.status === 403) {
      const { message } = await response.clone().json();
      if (message === 'Forbidden') response = answer(403, 'Resource not accessible by integration');
    }
    if (asked) asked.status = response.status;
    if (!response.headers.has('Date')) response.headers.set('Date', new Date().toUTCString());
    return response;
  };
}

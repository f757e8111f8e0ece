// Webhooks as they are sent: headers like github.com's, an id of its own for each, and the App's record of them
// (`/app/hook/deliveries`).
import { randomUUID } from 'node:crypto';
import { wholeSeconds } from './world.mjs';

const PER_PAGE = 30;

export function before(world) {
  const { server } = world;
  const realFetch = globalThis.fetch;
  let lastId = 10_000_000;

  async function send(guid, headers, url, body, redelivery) {
    const started = Date.now();
    const payload = JSON.parse(body);
    const record = {
      id: ++lastId,
      guid,
      delivered_at: wholeSeconds(new Date(started)),
      redelivery,
      duration: 0,
      status: 'in flight',
      status_code: 0,
      event: headers['X-GitHub-Event'],
      action: payload.action ?? null,
      installation_id: payload.installation?.id ?? null,
      repository_id: payload.repository?.id ?? null,
      url,
      headers,
      body,
      answer: '',
    };
    world.sent.push(record);
    world.inFlight++;
    try {
      const response = await realFetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) });
      record.status_code = response.status;
      record.status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`;
      record.answer = await response.clone().text();
      return response;
    } catch (error) {
      record.status_code = 502;
      record.status = 'failed to connect to host';
      throw error;
    } finally {
      record.duration = (Date.now() - started) / 1000;
      world.inFlight--;
    }
  }

  globalThis.fetch = (url, init = {}) => {
    const event = init.headers?.['X-GitHub-Event'];
    if (!event) return realFetch(url, init);
    const guid = randomUUID();
    const headers = {
      ...init.headers,
      'X-GitHub-Delivery': guid,
      'X-GitHub-Hook-ID': '1',
      'X-GitHub-Hook-Installation-Target-Type': 'integration',
      'User-Agent': 'GitHub-Hookshot/test',
    };
    return send(guid, headers, String(url), init.body, false);
  };

  world.sendAgain = (record) => send(record.guid, record.headers, record.url, record.body, true).catch(() => null);

  const brief = ({ url, headers, body, answer, ...rest }) => ({ ...rest, throttled_at: null });
  const asApp = (handler) => (c) =>
    c.get('authApp') ? handler(c) : world.refuse(c, 401, 'A JSON web token could not be decoded');
  const find = (c) => world.sent.find((one) => one.id === Number(c.req.param('id')));

  server.get(
    '/app/hook/deliveries',
    asApp((c) => {
      const newest = [...world.sent].reverse();
      const from = c.req.query('cursor') ? newest.findIndex((one) => `v1_${one.id}` === c.req.query('cursor')) : 0;
      const size = Math.min(100, Number(c.req.query('per_page') ?? PER_PAGE));
      const page = from < 0 ? [] : newest.slice(from, from + size);
      const following = from < 0 ? undefined : newest[from + size];
      if (following)
        c.header('Link', `<${world.baseUrl}/app/hook/deliveries?per_page=${size}&cursor=v1_${following.id}>; rel="next"`);
      return c.json(page.map(brief));
    }),
  );
  server.get(
    '/app/hook/deliveries/:id',
    asApp((c) => {
      const found = find(c);
      if (!found) return world.refuse(c, 404, 'Not Found');
      const { url, headers, body, answer } = found;
      return c.json({
        ...brief(found),
        url,
        request: { headers, payload: JSON.parse(body) },
        response: { headers: {}, payload: answer },
      });
    }),
  );
  server.post(
    '/app/hook/deliveries/:id/attempts',
    asApp((c) => {
      const found = find(c);
      if (!found) return world.refuse(c, 404, 'Not Found');
      world.sendAgain(found);
      return c.json({}, 202);
    }),
  );
}

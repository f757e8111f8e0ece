'use strict';
// What one test process saw with its own eyes: which tests it holds, how each test's function ended, what the runner made
// of it. Said line by line to the harness, signed with a key that was taken before any file of the project was loaded.
// Nothing here judges.

const { speaker } = require('./events.cjs');
const { describer } = require('./failures.cjs');

const { apply } = Reflect;
const { defineProperty } = Object;
const { then } = Promise.prototype;

/** `order` is {channel, witness_key, tree, coverage}. */
function witness(order) {
  const say = speaker(order.channel, order.witness_key);
  const describe = describer(order.tree);
  const lines = order.coverage ? require('./lines.cjs').recorder(order.tree) : null;
  let running = '';

  const own = (id, error) => {
    if (lines !== null && running === id) say('lines', { id, lines: lines.end() });
    running = '';
    say('own', { id, failure: error === undefined ? null : describe(error.thrown) });
  };

  return {
    say,
    describe,

    begin(id) {
      running = id;
      say('begin', { id });
      if (lines !== null) lines.begin();
    },

    /** `outcome` is passed, failed, skipped or todo; `phase` (setup, call, teardown) is where it failed. */
    verdict(id, outcome, { thrown, phase = 'call', duration_s = 0 } = {}) {
      const failure = outcome === 'failed' ? describe(thrown, phase) : null;
      say('verdict', { id, outcome, failure, duration_s });
    },

    /** A function to run in a test's place that says how the test's own ended. `done` is the position of a callback. */
    watch(id, body, done = -1) {
      // With `then` as it was before the project's code came: what replaces it does not hide a rejection from us.
      const follow = (promise) => {
        const ended = () => own(id);
        const failed = (thrown) => own(id, { thrown });
        try {
          apply(then, promise, [ended, failed]);
        } catch {
          promise.then(ended, failed); // not a promise of the language's own
        }
        return promise;
      };
      function watched(...given) {
        let awaited = false;
        if (done >= 0 && body.length > done && typeof given[done] === 'function') {
          awaited = true;
          const original = given[done];
          const noted = function noted(...args) {
            own(id, args[0] ? { thrown: args[0] } : undefined);
            return apply(original, this, args);
          };
          given[done] = Object.assign(noted, original);
        }
        let result;
        try {
          result = apply(body, this, given);
        } catch (thrown) {
          own(id, { thrown });
          throw thrown;
        }
        if (awaited) return result;
        if (result !== null && typeof result === 'object' && typeof result.then === 'function') return follow(result);
        own(id);
        return result;
      }
      defineProperty(watched, 'length', { value: body.length });
      defineProperty(watched, 'name', { value: body.name });
      defineProperty(watched, 'toString', { value: () => Function.prototype.toString.call(body) });
      return watched;
    },

    /** An error that no test can be blamed for by its runner. */
    stray: (thrown, path = '') => say('stray', { path, failure: describe(thrown, 'teardown') }),

    loadError: (path, thrown) => say('load_error', { path, failure: describe(thrown, 'collect') }),
  };
}

module.exports = { witness };

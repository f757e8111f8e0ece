// What `import … from 'node:test'` gives in a test process: the same as `require` does there. Wrapping it is
// `node_test_child`'s work.

import { createRequire } from 'node:module';

const test = createRequire(import.meta.url)('node:test');

export default test;
export const { after, afterEach, before, beforeEach, describe, it, mock, only, run, skip, snapshot, suite, todo, assert } =
  test;
export { test };

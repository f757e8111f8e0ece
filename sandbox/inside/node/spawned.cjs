'use strict';
// Test processes of ours: started with their order on stdin, waited for, ended with all that they started. What such a
// process runs belongs to a runner's file.

const path = require('node:path');
const { spawn } = require('node:child_process');

/** Returns how it ended, in words. While it runs, `session.end()` ends it. */
function spawnRunner(session, argv, order) {
  return new Promise((resolve, reject) => {
    const options = { cwd: session.root, stdio: ['pipe', 'inherit', 'inherit'], detached: true };
    const child = spawn(process.execPath, argv, options);
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // nothing of it is left
      }
    };
    session.end = end;
    child.on('error', reject);
    child.stdin.on('error', () => {}); // it ended before it read its order
    child.stdin.end(JSON.stringify(order));
    child.on('exit', (code, signal) => {
      end();
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
}

/** Runs all files in one start of a runner, whose program is `main`. */
async function runWhole({ session, wanted, canaries, board }, main, flags = [], more = {}) {
  const mine = (file) => wanted === null || [...wanted].some((id) => id.startsWith(`${file}::`));
  const files = session.files.filter(mine).map((file) => path.join(session.tree, file));
  const order = {
    ...session.order(),
    ...more,
    root: session.root,
    scratch: session.scratch,
    arguments: session.arguments,
    files,
    wanted: wanted === null ? null : [...wanted],
    canaries,
  };
  const how = await spawnRunner(session, [...session.node_flags, ...flags, path.join(__dirname, main)], order);
  board.drain();
  board.gone(how);
  if (board.processes.size === 0) board.unloaded(session.folder || '.', how);
}

module.exports = { runWhole, spawnRunner };

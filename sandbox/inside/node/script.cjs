'use strict';
// Runs a short script in the project's environment, from its folder. What it prints is for people and models.

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { link } = require('./links.cjs');

const MODULE = /^\s*(?:import\s[^(]|export\s)|^\s*await\s/m;

const order = JSON.parse(fs.readFileSync(0, 'utf8'));
link(order.environment, order.tree);
const root = path.join(order.tree, order.folder);
const file = path.join(root, MODULE.test(order.code) ? 'fixbugs-script.mjs' : 'fixbugs-script.cjs');
fs.writeFileSync(file, order.code);
const done = spawnSync(process.execPath, [...order.node_flags, file], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
process.exitCode = done.status ?? 1;

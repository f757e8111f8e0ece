'use strict';
// Builds the environment of a JavaScript project: installs what its manifests declare into `{env}/project`, says in
// `{env}/fixbugs-build.json` which `node_modules` came of it. Runs in the build phase only. What to install with was
// decided on the host; the plan (JSON on stdin) says it.
//
// usage: node installer.cjs TREE ENV

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const REPORT = 'fixbugs-build.json';
const SHOWN_LINES = 25;
const ROOT_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare', 'prepublish', 'dependencies'];
const KEPT_SCRIPT = /\b(patch-package|prisma generate)\b/;
const OURS = '.fixbugs';

const UNFIT = 'The lock file does not fit package.json at this commit: update it and commit it.';
const MEANINGS = [
  [/\b(E401|E403|ENEEDAUTH|YN0041|ERR_PNPM_FETCH_40[13])\b|authentication (?:token|required)|must be logged in/i,
    'A package is private: its registry asks for credentials, and builds get none. Make it public, put it into the '
    + 'repository, or let the operator name a registry that serves it.'],
  [/\bgit\+ssh|Permission denied \(publickey\)|Host key verification failed|ssh:\/\/git@|could not read Username/i,
    'A package comes from a git repository that asks for credentials, and builds get none. Use a published version.'],
  [/\b(EBADPLATFORM|ERR_PNPM_UNSUPPORTED_PLATFORM|YN0078)\b|is incompatible with this (?:module|platform)/i,
    'A package is not made for this platform (Linux). Declare it as optional.'],
  [/\b(EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE)\b/i,
    'A package asks for another version of Node.js than the sandbox has.'],
  [/can only install packages when your package\.json and package-lock\.json|ERR_PNPM_OUTDATED_LOCKFILE|frozen-lockfile|YN0028|lockfile would have been modified|needs to be updated/i,
    UNFIT],
  [/\b(ERESOLVE|ETARGET|E404|EINTEGRITY|ERR_PNPM_(?:NO_MATCHING_VERSION|FETCH_404|TARBALL_INTEGRITY)|YN0035)\b|Couldn't find (?:any versions|package)/i,
    'A declared package cannot be had as declared: correct package.json or the lock file at this commit.'],
  [/\b(ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ERR_SOCKET_TIMEOUT)\b|403 Forbidden.*proxy|tunneling socket/i,
    'The package registry could not be reached from the build: check the registry and proxy settings of this server.'],
];

class Broken extends Error {}

function main() {
  const [tree, env] = process.argv.slice(2);
  const plan = JSON.parse(fs.readFileSync(0, 'utf8'));
  const project = path.join(env, 'project');
  fs.cpSync(tree, project, { recursive: true, filter: (file) => path.basename(file) !== OURS, verbatimSymlinks: true });
  for (const folder of plan.folders) withoutRootScripts(path.join(project, folder, 'package.json'));
  const notes = [];
  if (plan.manager) notes.push(...install(plan, path.join(project, plan.base)));
  if (plan.setup) run(['sh', '-c', plan.setup], path.join(project, plan.base), 'the setup command');
  const modules = found(project, project);
  notes.push(...withCircus(env, project, modules));
  fs.writeFileSync(path.join(env, REPORT), JSON.stringify({ modules, notes, node: process.versions.node }));
}

/** The project's own scripts need its sources, which are not here: they change from candidate to candidate. */
function withoutRootScripts(file) {
  if (!fs.existsSync(file)) return;
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  const scripts = manifest.scripts ?? {};
  for (const name of ROOT_SCRIPTS) if (!KEPT_SCRIPT.test(String(scripts[name] ?? ''))) delete scripts[name];
  fs.writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

function install(plan, folder) {
  const program = programOf(plan, folder);
  const { locked } = plan;
  const env = {
    npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false', npm_config_progress: 'false',
    ...(plan.manager === 'npm' ? { npm_config_dangerously_allow_all_scripts: 'true' } : {}),
    npm_config_manage_package_manager_versions: 'false', npm_config_dangerously_allow_all_builds: 'true',
    npm_config_engine_strict: 'false', COREPACK_ENABLE_STRICT: '0', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0',
    YARN_NODE_LINKER: 'node-modules', YARN_ENABLE_TELEMETRY: '0', YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_ENABLE_SCRIPTS: 'true', YARN_IGNORE_PATH: '0', HUSKY: '0', CI: 'true', NODE_ENV: 'development',
    PUPPETEER_SKIP_DOWNLOAD: '1', PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1', CYPRESS_INSTALL_BINARY: '0',
  };
  const steps = {
    npm: locked ? ['ci'] : ['install', '--no-package-lock'],
    pnpm: ['install', ...(locked ? ['--frozen-lockfile'] : ['--no-frozen-lockfile']), '--config.package-import-method=copy',
      `--store-dir=${path.join(process.env.HOME ?? folder, '.pnpm-store')}`],
    'yarn-classic': ['install', '--non-interactive', '--ignore-engines', ...(locked ? ['--frozen-lockfile'] : ['--no-lockfile'])],
    'yarn-berry': ['install', ...(locked ? ['--immutable'] : ['--no-immutable'])],
  };
  const words = steps[plan.manager];
  const what = `\`${plan.manager.split('-')[0]} ${words[0]}\``;
  const notes = [];
  try {
    run([...program, ...words], folder, what, env);
  } catch (error) {
    if (!(error instanceof Broken) || !(error.unfit && plan.manager === 'npm')) throw error;
    run([...program, 'install', '--no-save'], folder, '`npm install`', env);
    notes.push('The lock file does not fit package.json at this commit: `npm ci` refused it, `npm install` was used.');
  }
  fs.rmSync(path.join(folder, '.yarn', 'cache'), { recursive: true, force: true });
  return notes;
}

/** A jest before 27 comes without the runner that ours works with: it is put beside the project. */
function withCircus(env, project, modules) {
  for (const folder of modules) {
    const at = path.join(project, folder);
    const file = path.join(at, 'jest', 'package.json');
    if (!fs.existsSync(file) || fs.existsSync(path.join(at, 'jest-circus'))) continue;
    const { version } = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (!/^2[456]\./.test(version)) continue;
    const aside = path.join(env, 'aside');
    fs.mkdirSync(aside, { recursive: true });
    fs.writeFileSync(path.join(aside, 'package.json'), '{}');
    const add = ['npm', 'install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', `jest-circus@${version}`];
    try {
      run(add, aside, '`npm install jest-circus`');
      return [`jest ${version} is run with jest-circus ${version}, which newer versions of jest use by default.`];
    } catch (error) {
      return [`jest-circus ${version}, which jest ${version} is to be run with, could not be installed: ${error.message}`];
    }
  }
  return [];
}

/** The package manager: the one that the repository carries, the one that is installed, else the one it names. */
function programOf(plan, folder) {
  if (plan.manager === 'npm') return ['npm'];
  if (plan.carried) return [process.execPath, path.join(folder, plan.carried)];
  const name = plan.manager === 'pnpm' ? 'pnpm' : 'yarn';
  const present = spawnSync(name, ['--version'], { cwd: '/', encoding: 'utf8' });
  const major = present.status === 0 ? present.stdout.trim().split('.')[0] : '';
  if (major !== '' && plan.majors.includes(major)) return [name];
  return ['npx', '--yes', `--package=${plan.package}`, name];
}

function run(argv, cwd, what, env = {}) {
  const done = spawnSync(argv[0], argv.slice(1), {
    cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 256 << 20,
  });
  if (done.error) throw new Broken(`${argv[0]} could not be started: ${done.error.message}`);
  const printed = `${done.stdout}\n${done.stderr}`;
  if (done.status === 0) return;
  const meaning = MEANINGS.find(([sign]) => sign.test(printed))?.[1] ?? 'Make it install at this commit.';
  const tail = printed.split('\n').filter((line) => line.trim()).slice(-SHOWN_LINES).join('\n');
  console.log(tail);
  throw Object.assign(new Broken(`${what} failed: ${saidBy(printed)} — ${meaning}`), { unfit: meaning === UNFIT });
}

/** What a package manager gives as its reason, in a line. */
function saidBy(printed) {
  const lines = printed.split('\n').map((line) => line.replace(/^(npm )?(error|ERR!)\s*/i, '').trim());
  const signs = /\berr(or)?\b|ERR_|\bE[A-Z]{3,}|YN00|\b40[134]\b|not found|no matching/i;
  const told = printed.split('\n').flatMap((line, at) =>
    (/^npm (error|ERR!)/.test(line) || signs.test(line)) && lines[at] && !/complete log|^code\b/.test(lines[at]) ? [lines[at]] : []);
  return told.slice(0, 2).join(' ').slice(0, 300);
}

/** Every outermost `node_modules`, relative to the project. */
function found(folder, project) {
  const list = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const full = path.join(folder, entry.name);
    if (entry.name === 'node_modules') list.push(path.relative(project, full));
    else if (entry.name !== '.git' && entry.name !== '.yarn') list.push(...found(full, project));
  }
  return list;
}

try {
  main();
} catch (error) {
  console.log(error instanceof Broken ? error.message.replace(/\s+/g, ' ') : String(error.stack));
  process.exitCode = 1;
}

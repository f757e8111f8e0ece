'use strict';
// Starts a session. Everything it needs is loaded before any file of the project.

require('./harness.cjs').main();

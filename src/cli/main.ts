#!/usr/bin/env node
// Nothing is imported before Node's version is known: what an older one lacks would end it with a message of its own.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`ballast: needs Node 20.19 or newer, and this is ${process.versions.node}\n`);
  process.exitCode = 2;
} else await import('./command-line.ts');

export {};

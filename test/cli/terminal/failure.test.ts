import { describe, expect, it } from 'vitest';
import { loadingFailure, reportFailure } from '../../../src/cli/terminal/failure.ts';

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

describe('a program of another package that cannot be loaded', () => {
  it.each([
    ['ERR_DLOPEN_FAILED', 'libonnxruntime.so.1: cannot open shared object file', 'onnxruntime-node'],
    [
      'MODULE_NOT_FOUND',
      "Cannot find module '../bin/napi-v6/linux/riscv64/onnxruntime_binding.node'",
      'onnxruntime-node',
    ],
    ['MODULE_NOT_FOUND', "Cannot find module '@libsql/linux-x64-gnu'", 'libsql'],
  ])('%s is told in one line that says what to set (%s)', (code, message, name) => {
    const lines: string[] = [];
    expect(reportFailure(failure(code, `${message}\nRequire stack:\n- /a/b.js`), (line) => lines.push(line))).toBe(1);
    expect(lines.length).toBe(1);
    expect(lines[0]).toMatch(
      new RegExp(
        `^ballast: the package ${name} cannot be loaded on .*ONNXRUNTIME_NODE_INSTALL=skip.*docs/installing.md$`,
      ),
    );
  });

  it('is told apart from other failures', () => {
    expect(loadingFailure(failure('MODULE_NOT_FOUND', "Cannot find module './x.js'"))).toBeUndefined();
    expect(loadingFailure(new Error('onnxruntime says no'))).toBeUndefined();
  });
});

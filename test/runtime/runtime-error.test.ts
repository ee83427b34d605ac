import { describe, expect, it } from 'vitest';
import { BallastError } from '../../src/base/errors.ts';
import { GraphBuilder, tensorOf } from '../../src/onnx/index.ts';
import { compile } from '../../src/runtime/program.ts';
import { runtimeError } from '../../src/runtime/runtime-error.ts';

/** What a failure of ONNX Runtime is told as. */
async function failure(b: GraphBuilder, feeds: Parameters<Awaited<ReturnType<typeof compile>>['run']>[0]) {
  try {
    const program = await compile(b.build(), { emission: 'plain' });
    await program.run(feeds).finally(() => program.dispose());
  } catch (error) {
    expect(error).toBeInstanceOf(BallastError);
    return (error as Error).message;
  }
  throw new Error('expected a failure');
}

describe('a failure of ONNX Runtime', () => {
  it('while a graph runs names the graph and the operator, and what kind it is', async () => {
    const b = new GraphBuilder('picks');
    const indices = b.input('indices', 'int64', [1]);
    b.output('y', b.op('Gather', [b.constant(tensorOf('float32', [3], [1, 2, 3]), 'table'), indices], { axis: 0 }));
    expect(await failure(b, { indices: tensorOf('int64', [1], [9]) })).toMatch(
      /^picks: ONNX Runtime cannot run Gather "Gather[^"]*": an index is out of range$/,
    );
  });

  it('before it runs names the operator without a kernel', async () => {
    const b = new GraphBuilder('halves');
    const x = b.input('x', 'int16', [1]);
    b.output('y', b.op('Softplus', [x]));
    expect(await failure(b, { x: tensorOf('int16', [1], [1]) })).toMatch(
      /^halves: ONNX Runtime cannot prepare Softplus "Softplus[^"]*": (it has no kernel|element types do not fit)/,
    );
  });

  it('is one line without its paths and controls, whatever it says', () => {
    const cause = new Error(
      '/src/onnxruntime/core/x.cc:12 bool f() was false. \u001b[31mFailed to allocate memory\nmore',
    );
    expect(runtimeError('net\u0007', 'run', cause).message).toBe(
      'net\\u0007: ONNX Runtime cannot run the graph: there is not enough memory; take smaller batches',
    );
    expect(runtimeError('net', 'run', 'odd').message).toBe(
      'net: ONNX Runtime cannot run the graph: it does not say why',
    );
  });
});

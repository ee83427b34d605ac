import { describe, expect, it } from 'vitest';
import { blockLines } from '../../src/app/cost-text.ts';

const at = (name: string, image: number, method: string, seconds: number) => ({ name, image, method, seconds });

describe('blockLines', () => {
  it('has one line for a block and method, with its images and the time of all of them', () => {
    const blocks = [
      at('layer1.0', 0, 'structured', 100),
      at('layer1.0', 1, 'lanczos', 4),
      at('layer1.0', 2, 'lanczos', 5),
      at('layer2.0', 0, 'dense', 20),
      at('layer1.0', 4, 'lanczos', 6),
    ];
    expect(blockLines(blocks)).toEqual([
      'layer1.0 at image 0: structured, 1 min 40 s',
      'layer1.0 at images 1-2,4: lanczos, 15.0 s',
      'layer2.0 at image 0: dense, 20.0 s',
    ]);
  });
});

import { intsAttribute, type Node } from '../onnx/index.ts';

/** Whether a node is a Transpose that swaps the first two axes of four: images and channels, or outputs and inputs of a filter. */
export function swapsChannels(node: Node): boolean {
  return node.opType === 'Transpose' && intsAttribute(node, 'perm')?.join() === '1,0,2,3';
}

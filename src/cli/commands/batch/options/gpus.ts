import { InvalidArgumentError } from 'commander';

/** `0,1`, or the long names that the driver gives them. */
export function gpuList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => !/^[\w/:-]{1,100}$/.test(name)) || new Set(names).size < names.length)
    throw new InvalidArgumentError('expected different graphics processors such as 0,1,2,3.');
  return names;
}

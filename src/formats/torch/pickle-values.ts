import type { Budget } from '../budget.ts';

/** Something that a pickle may name: a function or class of Python, or what stands for it here. */
export class PickleGlobal {
  readonly name: string;
  /** What stands for calling it, if it may be called. */
  readonly call: ((args: readonly unknown[], budget: Budget) => unknown) | undefined;

  constructor(name: string, call?: (args: readonly unknown[], budget: Budget) => unknown) {
    this.name = name;
    this.call = call;
  }
}

/**
 * An object that is of no interest and was not built: only its class is known. Whatever a pickle does to it afterwards
 * (attributes, items) is dropped.
 */
export class PassedOver {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A class whose objects are passed over. `onCall` hears the name of each, and of what it was asked to make where that is known. */
export class InertGlobal extends PickleGlobal {
  constructor(name: string, onCall: (name: string) => void) {
    super(name, ([made]) => {
      // Python makes most objects through a function that is given their class.
      const shown = made instanceof PickleGlobal ? made.name : name;
      onCall(shown);
      return new PassedOver(shown);
    });
  }
}

export interface PickleHost {
  /** What `module.name` stands for; undefined refuses it. */
  global(name: string): PickleGlobal | undefined;
  /** The value of a persistent id; undefined refuses it. */
  persistent(id: unknown): unknown;
  /** What a byte string of Python 2 stands for: UTF-8 text unless told. */
  oldText?(bytes: Uint8Array): unknown;
  /** Gives a value of the host's own making its state; false refuses it. */
  build?(target: unknown, state: unknown): boolean;
}

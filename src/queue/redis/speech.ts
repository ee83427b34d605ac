import type { Redis } from 'ioredis';
import { eventText, type Fence, type TrialEvent } from '../../schema/index.ts';
import { ClaimLost } from '../../store/index.ts';
import type { RedisKeys } from './keys.ts';

/** Events of a chunk. */
const chunk = 200;
/** Events that may wait for the server: whoever says more than that while it is away is told to stop. */
const mostWaiting = 100_000;

/** Appends events where their attempt still owns its trial; 0 where it does not. */
const sayScript = `
local owner = redis.call('HGET', KEYS[1], ARGV[1])
if owner and tonumber(owner) ~= tonumber(ARGV[2]) then return 0 end
for i = 3, #ARGV do
  redis.call('XADD', KEYS[2], '*', 'trial', ARGV[1], 'attempt', ARGV[2], 'event', ARGV[i])
end
return 1`;

/** What a worker says of one attempt: in order, in chunks, and only while the attempt owns its trial. */
export class Speech {
  readonly #redis: Redis;
  readonly #keys: RedisKeys;
  readonly #study: string;
  readonly #fence: Fence;
  #waiting: string[] = [];
  #sending: Promise<void> | undefined;
  #lost: string | undefined;
  readonly #onLost: () => void;

  /** @param onLost Told once, when nothing more can be said. */
  constructor(redis: Redis, keys: RedisKeys, study: string, fence: Fence, onLost: () => void = () => {}) {
    this.#onLost = onLost;
    this.#redis = redis;
    this.#keys = keys;
    this.#study = study;
    this.#fence = fence;
  }

  /** Nothing more can be said: somebody else owns the trial. */
  lose(why?: string): void {
    const { trial, attempt } = this.#fence;
    this.#waiting = [];
    if (this.#lost !== undefined) return;
    this.#lost =
      why ?? `trial ${trial.slice(0, 8)}: attempt ${attempt} no longer owns it; what it computed is not stored`;
    this.#onLost();
  }

  /** Throws ClaimLost. */
  say(event: TrialEvent): void {
    this.requireOwned();
    if (this.#waiting.length >= mostWaiting) this.lose('the queue has not answered for too long');
    this.#waiting.push(eventText(event));
    this.#sending ??= this.#send();
  }

  requireOwned(): void {
    if (this.#lost !== undefined) throw new ClaimLost(this.#lost);
  }

  /** Resolves when all that was said has arrived. Throws ClaimLost. */
  async settled(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending;
    this.requireOwned();
  }

  async #send(): Promise<void> {
    // What is said in the same moment goes together.
    await Promise.resolve();
    const { trial, attempt } = this.#fence;
    try {
      while (this.#waiting.length > 0) {
        const events = this.#waiting.slice(0, chunk);
        const keys = [this.#keys.fences(this.#study), this.#keys.events(this.#study)] as const;
        const owned = await this.#redis.eval(sayScript, 2, ...keys, trial, attempt, ...events);
        if (owned === 0) this.lose();
        else this.#waiting = this.#waiting.slice(events.length);
      }
    } catch (cause) {
      this.lose(`the queue does not take what is said: ${(cause as Error).message.split('\n')[0]}`);
    } finally {
      this.#sending = undefined;
    }
  }
}

/** A decoded picture. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** [height, width, 4]; the fourth is of no use. */
  readonly rgba: Uint8Array;
}

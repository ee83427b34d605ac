/** Kinds of results whose spectra can be laid over one another. */
export const withSpectra: readonly string[] = ['spectrum', 'intervene', 'compare'];

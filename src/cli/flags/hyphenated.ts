/** `finalRelu` -> `final-relu`. */
export const hyphenated = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

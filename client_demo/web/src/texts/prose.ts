/** What stands in a drawn text for what it can't show as words. */

export const done = "Done";
export const image = "Image";
export const imageOf = (words: string) => `Image: ${words}`;

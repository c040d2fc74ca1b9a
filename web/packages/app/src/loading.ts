/** Makes something when it is first wanted, once; a failure is forgotten, so that the next one tries again. */
export function lazily<Thing>(load: () => Promise<Thing>): () => Promise<Thing> {
  let made: Promise<Thing> | null = null;
  return () => {
    made ??= load().catch((error: unknown) => {
      // The room may have been away.
      made = null;
      throw error;
    });
    return made;
  };
}

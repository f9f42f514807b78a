/** Makes something of an object once and keeps it as long as the object lives: for what each order asks of its program. */
export function madeOnce<Key extends object, Made>(make: (key: Key) => Made): (key: Key) => Made {
  const all = new WeakMap<Key, { made: Made }>();
  return key => {
    let known = all.get(key);
    if (known === undefined) {
      known = { made: make(key) };
      all.set(key, known);
    }
    return known.made;
  };
}

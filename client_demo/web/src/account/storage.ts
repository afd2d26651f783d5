/** A browser that refuses `localStorage` gets one that lasts as long as the page: people can sign in and work. */

class PageStorage {
  [key: string]: unknown;

  getItem(key: string): string | null {
    return Object.hasOwn(this, key) ? String(this[key]) : null;
  }

  setItem(key: string, value: string): void {
    this[key] = value;
  }

  removeItem(key: string): void {
    delete this[key];
  }
}

try {
  void window.localStorage;
} catch {
  Object.defineProperty(window, "localStorage", { value: new PageStorage() });
}

/** For what is read as its module is loaded: to import it is to wait for the above. */
export const storage = window.localStorage;

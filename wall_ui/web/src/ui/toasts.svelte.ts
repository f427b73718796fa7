/** Short messages at the edge of the page. Good news goes by itself; bad news stays. */
export interface Toast {
  readonly id: number;
  readonly tone: 'good' | 'bad';
  readonly words: string;
}

const GOOD_MS = 5000;
const AT_MOST = 5;

class Toasts {
  all = $state.raw<readonly Toast[]>([]);
  #next = 1;

  good(words: string): void {
    const id = this.#add('good', words);
    setTimeout(() => this.drop(id), GOOD_MS);
  }

  bad(words: string): void {
    this.#add('bad', words);
  }

  drop(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }

  #add(tone: Toast['tone'], words: string): number {
    const id = this.#next++;
    this.all = [...this.all.filter((toast) => toast.words !== words), { id, tone, words }].slice(
      -AT_MOST,
    );
    return id;
  }
}

export const toasts = new Toasts();

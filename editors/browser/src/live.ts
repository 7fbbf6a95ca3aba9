// The socket of the picture: texts out, answers in. While one is under way only the newest text waits.

import {socket, type Answer} from "./server";

export class Live {
  private connection: WebSocket | null = null;
  private number = 0;
  private answered = 0;
  private waiting: string | null = null;
  private tries = 0;

  constructor(private readonly shown: (answer: Answer) => void, private readonly lost: (lost: boolean) => void) {
    this.connect();
  }

  private connect(): void {
    const connection = socket("live");
    connection.onopen = () => {
      this.connection = connection;
      this.tries = 0;
      this.answered = this.number;
      this.lost(false);
      this.flush();
    };
    connection.onmessage = event => {
      const answer = JSON.parse(event.data as string) as Answer;
      this.answered = answer.id;
      if (answer.id === this.number || this.waiting !== null) this.shown(answer);
      this.flush();
    };
    connection.onclose = () => {
      this.connection = null;
      this.tries += 1;
      this.lost(true);
      setTimeout(() => this.connect(), Math.min(8000, 250 * 2 ** this.tries));
    };
  }

  /** Asks for the picture of a text. */
  ask(name: string, text: string, settings: string[]): void {
    this.waiting = JSON.stringify({name, text, settings});
    this.flush();
  }

  private flush(): void {
    if (this.waiting === null || this.connection === null || this.answered < this.number) return;
    this.number += 1;
    this.connection.send(`{"id":${this.number},${this.waiting.slice(1)}`);
    this.waiting = null;
  }
}

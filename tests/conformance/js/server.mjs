// The conformance server, which publishes and controls its clients for a test.

export class Server {
  constructor(port) {
    this.address = `127.0.0.1:${port}`;
  }

  async publish(channel, data) {
    const { result } = await this.#post("/api/publish", { channel, data }, { "X-API-Key": "test-api-key" });
    return result;
  }

  // The commands are in tests/conformance/control.py.
  async control(act, wish) {
    await this.#post(`/control/${act}`, wish);
  }

  async #post(path, body, headers = {}) {
    const answer = await fetch(`http://${this.address}${path}`, { method: "POST", body: JSON.stringify(body), headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.status === 204 ? null : answer.json();
  }
}

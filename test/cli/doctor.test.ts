import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

interface Doctor {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly name: string;
    readonly status: string;
    readonly says: string;
    readonly help?: string;
  }[];
}

describe("mtt doctor", () => {
  it("says of engines, data, store and disk what works, what does not, and what to do; exit code 0 where a run can work", async () => {
    const cwd = folderOf({ "p.mtt": small, "pictures/train-images-idx3-ubyte.gz": "" });
    const before = await mtt(["doctor", "--format", "json", "--data", "pictures"], { cwd, env: { MTT_DATA: "gone" } });
    expect([before.code, before.stderr]).toEqual([0, ""]);
    const { ok, findings }: Doctor = JSON.parse(before.stdout);
    expect(ok).toBe(true);
    const said = (name: string) => findings.filter((one) => one.name === name);
    expect(said("node")[0]).toMatchObject({ status: "ok", says: expect.stringContaining(process.versions.node) });
    expect(said("onnx cpu")[0]!.status).toBe("ok");
    // The tests' environment has no cache, so no library.
    expect(said("tensorflow cpu")[0]).toMatchObject({
      status: "note",
      help: expect.stringContaining("mtt backend install tensorflow"),
    });
    expect(said("data").map(({ says }) => says)).toEqual([
      expect.stringMatching(/^--data: .*pictures has mnist$/),
      expect.stringMatching(/^MTT_DATA names .*gone, which is not there$/),
      expect.stringContaining("no data set is in the cache"),
    ]);
    expect(said("store")[0]!.says).toContain("is made by the first run");
    expect(said("disk")[0]!.says).toMatch(/ free for /);
    for (const { status, help } of findings) if (status !== "ok") expect(help).toMatch(/\S/);

    await mtt(["run", "p.mtt", "--quiet"], { cwd });
    const after = await mtt(["doctor"], { cwd });
    expect(after.stdout).toMatch(/^✓ store +\S+\.mtt: \d+ results, [\d.]+ [KM]iB$/m);
    expect(after.stderr).toBe("a run can work here\n");
  });

  it("a store that is a file, or another's, or of another format: exit code 3, by name", async () => {
    const cwd = folderOf({ "a-file": "", "other/format.json": '{"format": 999}' });
    for (const store of ["a-file/store", "other"]) {
      const { code, stdout, stderr } = await mtt(["doctor", "--store", store], { cwd });
      expect([store, code]).toEqual([store, 3]);
      expect(stdout).toMatch(/^✗ store/m);
      expect(stderr).toBe("no run can work here: see store\n");
    }
    // Root may write everywhere.
    if (process.getuid?.() === 0) return;
    chmodSync(join(cwd, "other"), 0o500);
    expect((await mtt(["doctor", "--store", "other/store"], { cwd })).code).toBe(3);
  });
});

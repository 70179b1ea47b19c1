import Testing

@testable import BackpropCLI

/// Text by the columns that it takes in a terminal, and not by its characters.
struct WidthTests {
  @Test(arguments: [
    ("abc", 3), ("", 0), ("é", 1), ("e\u{301}", 1), ("日本語", 6), ("한국", 4), ("ｱ", 1), ("ア", 2), ("Ａ", 2), ("😀", 2),
    ("❤\u{FE0F}", 2), ("🇩🇪", 2), ("👩‍🔬", 2), ("∂E/∂x", 5), ("█░", 2), ("Σ", 1), ("a\u{200B}b", 2),
  ])
  func width(_ text: String, _ columns: Int) { #expect(text.displayWidth == columns) }

  @Test func textIsShortenedAndPadded() {
    #expect("日本語".shortened(to: 6) == "日本語" && "日本語".shortened(to: 5) == "日本…" && "日本語".shortened(to: 4) == "日…")
    #expect("日本".padded(to: 6) == "日本  " && "日本".padded(to: 6, isLeft: false) == "  日本")
    #expect(Terminal.wrapped("日本 語語 aa", columns: 7) == "日本\n語語 aa")
  }

  @Test func tablesAlignByColumns() {
    #expect(table([["日本", "1"], ["a", "23"]], left: [0], limit: nil) == ["日本   1", "a     23"])
    #expect(table([["日本語日本語", "1"]], left: [0], limit: 12) == ["日本語日…  1"])
  }

  @Test func tablesThatAreTooWideArePrintedInParts() {
    let rows = [["name", "first", "second"], ["a", "1", "2"]]
    #expect(
      table(rows, left: [0], limit: 13) == ["name  first", "a         1", "", "name  second", "a          2"])
    #expect(table(rows, left: [0], optional: [1], limit: 13) == ["name  second", "a          2"])
    #expect(table(rows, left: [0], optional: [1], limit: 30) == ["name  first  second", "a         1       2"])
  }

  @Test(arguments: [
    (1.2346e-12, "1.235e-12", "1.2e-12"), (0.0, "0.000", "0.0000"), (9.9999e-7, "1.000e-06", "1.0e-06"),
    (-4.56789e-300, "-4.568e-300", "-4.6e-300"), (0.0012346, "0.001235", "0.0012"), (12.346, "12.35", "12.3460"),
    (0.00012346, "0.0001235", "1.2e-04"),
  ])
  func smallNumbersHaveDigits(_ value: Double, _ significant: String, _ readable: String) {
    #expect(value.significant(4) == significant && value.readable(4) == readable, "\(value.significant(4))")
  }

  @Test(arguments: [60, 80, 100]) func listsOfRunsFit(columns: Int) throws {
    try withFolder { folder in
      let outcome = try CommandTests().run(
        ["5", "6"], environment: ["F": folder.path, "COLUMNS": "\(columns)"],
        script: """
          mkdir -p "$F" && cd "$F" && for seed in 1 2; do "$0" train image --model mlp --steps 20 --seed $seed --quiet \
            --output "a run with quite a long name of its own $seed" > /dev/null; done; "$0" runs .
          """)
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count == 4 && lines.allSatisfy { $0.count <= columns }, "\(outcome)")
      #expect(
        lines.dropFirst().allSatisfy { $0.contains(/accuracy|%/) && $0.contains(/state|done/) }, "\(outcome.output)")
    }
  }

  @Test(arguments: [30, 50]) func resultsFit(columns: Int) throws {
    let environment = ["COLUMNS": "\(columns)"]
    try withRun { folder in
      for arguments in [["evaluate", folder.path], ["train", "image", "--resume", "--output", folder.path]] {
        let outcome = try CommandTests().run(arguments, environment: environment)
        let lines = outcome.output.split(separator: "\n")
        #expect(
          outcome.status == 0 && lines.allSatisfy { $0.count <= columns || $0.contains(folder.path) }, "\(outcome)")
      }
    }
  }
}

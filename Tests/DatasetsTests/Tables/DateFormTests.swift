import Testing

@testable import Datasets

@Suite struct DateFormTests {
  /// Days since 1970-01-01 and weekdays (0 for Monday) from Python's `datetime`.
  @Test(
    arguments: [
      ("1970-01-01", DateForm.iso, 0.0, 3), ("2026-01-31", .iso, 20484, 5), ("2000-02-29", .iso, 11016, 1),
      ("1900-03-01", .iso, -25508, 3), ("0001-01-01", .iso, -719162, 0), ("9999-12-31", .iso, 2_932_896, 4),
      ("2026-01-31T12:00", .iso, 20484.5, 5), ("2026-01-31 06:00:00", .iso, 20484.25, 5),
      ("2026-01-31T23:30:00-01:00", .iso, 20485 + 1.0 / 48, 6), ("2026-01-31T00:30:00+0200", .iso, 20484 - 1.5 / 24, 4),
      ("2026-01-31T00:00:00.5Z", .iso, 20484 + 0.5 / 86400, 5), ("2026/1/3", .yearFirst, 20456, 5),
      ("31.01.2026", .dayFirstWithDots, 20484, 5), ("1/31/2026", .monthFirst, 20484, 5),
      ("31/1/2026", .dayFirst, 20484, 5),
      ("31-01-2026 18:00", .dayFirstWithDashes, 20484.75, 5),
      ("01-31-2026 18:00", .monthFirstWithDashes, 20484.75, 5),
      ("31.01.26", .shortDayFirstWithDots, 20484, 5), ("1/31/26", .shortMonthFirst, 20484, 5),
      ("31/1/26 18:00", .shortDayFirst, 20484.75, 5), ("31-01-68", .shortDayFirstWithDashes, 35824, 1),
      ("01-31-69", .shortMonthFirstWithDashes, -335, 4),
    ] as [(String, DateForm, Double, Int)])
  func moments(_ text: String, _ form: DateForm, _ days: Double, _ weekday: Int) throws {
    let moment = try #require(form.moment(Array(text.utf8)[...]))
    #expect(abs(moment.days - days) < 1e-9)
    #expect(moment.weekday == weekday)
  }

  @Test(arguments: [
    "", "2026", "2026-", "2026-1", "2026-13-01", "2026-00-01", "2026-02-29", "2026-04-31", "026-01-01", "2026-01-01T",
    "2026-01-01 24:00", "2026-01-01 12:60", "2026-01-01 12:00:60", "2026-01-01 12:00x", "2026-01-01x", "2026-01-01T12",
    "2026-01-01T12:00+", "2026-01-01T12:00+25", "2026-01-01T12:00:00.", "99999-01-01", "2026-001-01", "-1-01-01",
    "2026-01-01T12:00Z0", "2026/01-01",
  ])
  func noDates(_ text: String) {
    for form in DateForm.allCases { #expect(form.moment(Array(text.utf8)[...]) == nil, "\(form)") }
  }
}

import Testing

@testable import Datasets

@Suite struct WrittenNumberTests {
  /// What a cell is with a decimal point, with a decimal comma, and its unit.
  @Test(
    arguments: [
      ("12", 12, 12, ""), ("-3.5", -3.5, nil, ""), ("+3,5", nil, 3.5, ""), ("1e3", 1000, 1000, ""),
      ("2.5E-3", 0.0025, nil, ""), (".5", 0.5, nil, ""),
      ("4.217", 4.217, 4217, ""), ("4,217", 4217, 4.217, ""), ("1,234,567.5", 1_234_567.5, nil, ""),
      ("1.234.567,5", nil, 1_234_567.5, ""), ("1,234,567", 1_234_567, nil, ""), ("0.217", 0.217, nil, ""),
      ("12.34", 12.34, nil, ""), ("1234.567", 1234.567, nil, ""), ("4.217e2", 421.7, nil, ""),
      ("12 kg", 12, 12, "kg"), ("12kg", 12, 12, "kg"), ("$1,200", 1200, 1.2, "$"), ("-$5", -5, -5, "$"),
      ("$-5", -5, -5, "$"), ("1.200,50 €", nil, 1200.5, "€"), ("€ 5", 5, 5, "€"), ("15%", 15, 15, "%"),
      ("15 %", 15, 15, "%"), ("USD 7.5", 7.5, nil, "USD"), ("5 km/h", 5, 5, "km/h"), ("5 m²", 5, 5, "m²"),
      ("123456789012345678901.5", 123_456_789_012_345_678_901.5, nil, ""),
      ("0.123456789012345", 0.123456789012345, nil, ""),
      ("0.1234567890123456789", 0.123_456_789_012_345_678_9, nil, ""), ("007", 7, 7, ""), ("5.", 5, nil, ""),
      ("$1.2M", 1.2, nil, "$ … M"), ("5e", 5, 5, "e"), ("60'419.50", 60419.5, nil, ""),
      ("60\u{2019}419", 60419, 60419, ""), ("38 423,50", nil, 38423.5, ""), ("1 234 567", 1_234_567, 1_234_567, ""),
      ("38\u{202F}423,50\u{202F}€", nil, 38423.5, "€"), ("38\u{A0}423.5 kg", 38423.5, nil, "kg"),
      ("\u{2212}3.5", -3.5, nil, ""), ("7 500 ml", 7500, 7500, "ml"),
    ] as [(String, Double?, Double?, String)])
  func reads(_ text: String, _ point: Double?, _ comma: Double?, _ unit: String) throws {
    let number = try #require(WrittenNumber(Array(text.utf8)[...]))
    #expect(number.point == point && number.comma == comma && number.unit == unit, "\(number)")
  }

  @Test(arguments: [
    "", "-", "$", "kg", "abc", "1,23,4", "1.2.3", "12,34,567", "1,2345.6", "1.5,5.5", "--5", "1-2", "2026-01-31",
    "31.12.2026", "1/2", "12:30", "5 (old)", "A1", "Room 5", "0x10", "1 2", "inf", "nan", "1e999", "3m2",
    "9 is far more than a unit", "5\"", "1,234 567", "1234 567", "0 123", "12 34", "1'2345", "1.5 678", "1e200",
    "-1e300",
  ])
  func isNone(_ text: String) {
    #expect(WrittenNumber(Array(text.utf8)[...]) == nil)
  }
}

extension WrittenNumberTests {
  @Test(arguments: [("1e200", true), ("-1e999 kg", true), ("1e99", false), ("1e", false), ("big", false)])
  func numbersThatAreTooLargeAreToldFromTexts(_ text: String, _ isTooLarge: Bool) {
    #expect(WrittenNumber.isTooLarge(Array(text.utf8)[...]) == isTooLarge)
  }
}

/// Words for missing values, and numbers that look like some of them.
@Suite struct MissingWordsTests {
  @Test(arguments: [
    ("", true), ("-", true), ("--", true), ("..", true), (".", true), ("-5", false), ("-.5", false), ("+1", false),
    (".5", false), ("...", false), ("9", false), ("not available", true), ("N/A", true), ("nota", false),
  ])
  func contains(_ text: String, _ isMissing: Bool) {
    #expect(MissingWords().contain(Array(text.utf8)[...], asText: false) == isMissing)
  }

  @Test func ownWords() {
    let words = MissingWords(and: ["-999", "9.9", "Noch nicht erfasst"])
    for text in ["-999", "9.9", "noch nicht erfasst"] {
      #expect(words.contain(Array(text.utf8)[...], asText: true))
    }
    #expect(!words.contain(Array("-99".utf8)[...], asText: true))
  }
}

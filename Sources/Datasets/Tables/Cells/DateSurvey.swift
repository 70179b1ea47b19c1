/// How the dates among some cells are written.
struct DateSurvey {
  /// The cells as dates of one form.
  private struct Tally {
    let form: DateForm
    var count = 0
    var misses = 0
    /// Different texts that are no such dates, with the row of the first, and at most three.
    var others: [(text: String, row: Int)] = []

    /// Whether three of four cells are such dates.
    var areMost: Bool { count > 0 && count * 4 >= (count + misses) * 3 }
  }

  private var tallies = DateForm.allCases.map { Tally(form: $0) }
  /// Whether a date is another day in another of the forms that all have.
  private(set) var differ = false
  /// Forms are given up after so many other cells, unless most have them: few columns have dates.
  private static let patience = 20

  /// The forms that all cells have.
  var forms: [DateForm] { tallies.filter { $0.misses == 0 }.map(\.form) }

  /// The form that most cells have but not all, how many these are, and the other texts.
  var mostly: (form: DateForm, count: Int, others: [(text: String, row: Int)])? {
    guard let most = tallies.filter(\.areMost).max(by: { $0.count < $1.count }), most.misses > 0 else { return nil }
    return (most.form, most.count, most.others)
  }

  mutating func note(_ cell: ArraySlice<UInt8>, row: Int) {
    guard !tallies.isEmpty else { return }
    var (day, isGivenUp): (Int?, Bool) = (nil, false)
    for index in tallies.indices {
      if let moment = tallies[index].form.moment(cell) {
        tallies[index].count += 1
        guard tallies[index].misses == 0 else { continue }
        if let day, day != moment.day { differ = true }
        day = day ?? moment.day
      } else {
        tallies[index].misses += 1
        if tallies[index].misses > Self.patience, !tallies[index].areMost { isGivenUp = true }
        if tallies[index].others.count < 3, case let text = String(decoding: cell, as: UTF8.self),
          !tallies[index].others.contains(where: { $0.text == text })
        {
          tallies[index].others.append((text, row))
        }
      }
    }
    if isGivenUp { tallies.removeAll { $0.misses > Self.patience && !$0.areMost } }
  }
}

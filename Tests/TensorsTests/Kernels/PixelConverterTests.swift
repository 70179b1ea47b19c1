import Testing

@testable import Tensors

@Suite struct PixelConverterTests {
  /// Images of random shapes, among them some that are shorter than a vector, longer than one and enough for two threads.
  @Test(arguments: 1...30 as ClosedRange<UInt64>) func givesTheBitsOfThePlainLoop(seed: UInt64) throws {
    var numbers = TestNumbers(state: seed)
    func draw(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &numbers) }
    let shape: Shape = [draw(1...3), draw(1...40), draw(1...40)]
    let (there, count) = (draw(1...90), draw(0...150))
    let greatest = UInt8(draw(1...255))
    let pixels = (0..<there * shape.elementCount).map { _ in UInt8(draw(0...Int(greatest))) }
    let scales = (0..<shape[0]).map { _ in Float.random(in: 0...4, using: &numbers) }
    let offsets = (0..<shape[0]).map { _ in Float.random(in: -2...2, using: &numbers) }
    // A slice that does not begin at 0, as those of an epoch's order do not.
    let chosen = ([7] + (0..<count).map { _ in Int32(draw(0...there - 1)) }).dropFirst()

    let plane = shape[1] * shape[2]
    let expected = chosen.flatMap { image in
      (0..<shape.elementCount).map { place in
        let pixel = Float(pixels[Int(image) * shape.elementCount + place])
        return pixel / Float(greatest) * scales[place / plane] + offsets[place / plane]
      }
    }
    let converter = PixelConverter(imageShape: shape, greatestPixel: greatest, scales: scales, offsets: offsets)
    let comment: Comment = "seed \(seed): \(count) of \(there) images \(shape), greatest pixel \(greatest)"
    let tensor = converter.tensor(of: chosen, in: pixels)
    #expect(tensor.shape == Shape([count] + shape.dimensions), comment)
    #expect(try tensor.values() == expected, comment)
    #expect(try converter.values(of: chosen, in: pixels) == expected, comment)
  }
}

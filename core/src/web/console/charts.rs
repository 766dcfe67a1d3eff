//! Small charts of bars, as SVG without styles of its own.

/// The size of a chart in its own units.
const WIDTH: f64 = 240.0;
const HEIGHT: f64 = 48.0;
/// What is between two bars.
const GAP: f64 = 2.0;

/// A chart of a count over time.
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) period: &'static str,
    pub(super) step: &'static str,
    pub(super) total: u64,
    pub(super) most: u64,
    pub(super) bars: Vec<Bar>,
}

/// A bar of a chart.
#[derive(Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

impl Chart {
    pub(super) fn new(
        name: &'static str,
        (period, step): (&'static str, &'static str),
        counts: &[u64],
    ) -> Self {
        let most = counts.iter().copied().max().unwrap_or(0);
        Self {
            name,
            period,
            step,
            total: counts.iter().sum(),
            most,
            bars: bars(counts, most),
        }
    }
}

// A bar is some pixels high: a number too large for an exact f64 looks the same.
fn bars(counts: &[u64], most: u64) -> Vec<Bar> {
    let step = WIDTH / counts.len().max(1) as f64;
    let bar = |(place, count): (usize, &u64)| {
        let share = *count as f64 / most.max(1) as f64;
        // What happened once is seen beside what happened a thousand times.
        let height = if *count == 0 {
            0.0
        } else {
            (share * HEIGHT).max(1.0)
        };
        Bar {
            x: format!("{:.1}", place as f64 * step),
            y: format!("{:.1}", HEIGHT - height),
            width: format!("{:.1}", step - GAP),
            height: format!("{height:.1}"),
        }
    };
    counts.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fill_the_chart_and_none_is_lost() {
        let chart = Chart::new("n", ("p", "s"), &[0, 1, 1_000]);
        assert_eq!((chart.total, chart.most), (1_001, 1_000));
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height.as_str()).collect();
        assert_eq!(heights, ["0.0", "1.0", "48.0"]);
        assert_eq!(chart.bars[2].x, "160.0");
        let empty = Chart::new("n", ("p", "s"), &[0, 0]);
        assert!(empty.bars.iter().all(|bar| bar.height == "0.0"));
    }
}

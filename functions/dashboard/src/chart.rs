//! The chart of daily requests, as SVG without text: a picture of the numbers that its table has.

use hb_domain::{Error, Result};
use plotters::prelude::*;

use crate::api::DayUsage;

/// Width and height in units of the picture.
const SIZE: (u32, u32) = (760, 240);
// The style sheet replaces these colours in dark mode; it finds them by their values.
const REQUESTS: RGBColor = RGBColor(0x4f, 0x46, 0xe5);
const ERRORS: RGBColor = RGBColor(0xdc, 0x26, 0x26);
const LIMITED: RGBColor = RGBColor(0xd9, 0x77, 0x06);
const TEXT: RGBColor = RGBColor(0x6b, 0x72, 0x80);
const GRID: RGBColor = RGBColor(0xe5, 0xe7, 0xeb);

/// The chart of these days: bars of requests, lines of errors and of limited requests.
///
/// # Errors
/// [`Error::Internal`] when it cannot be drawn.
pub(crate) fn chart(days: &[DayUsage]) -> Result<String> {
    let mut svg = String::new();
    draw(&mut svg, days).map_err(|error| Error::Internal(format!("chart: {error}")))?;
    Ok(svg)
}

fn draw(svg: &mut String, days: &[DayUsage]) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let largest = days.iter().flat_map(|day| [day.requests, day.errors, day.limited]).max().unwrap_or(0);
    // Some room above the highest bar, and a scale also where nothing has happened.
    let top = (largest + largest.div_ceil(10)).max(4);
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut chart = ChartBuilder::on(&root)
        .margin(8)
        .x_label_area_size(28)
        .y_label_area_size(56)
        .build_cartesian_2d((0..days.len().saturating_sub(1)).into_segmented(), 0..top)?;
    let label = |value: &SegmentValue<usize>| match value {
        SegmentValue::CenterOf(day) => days.get(*day).map(|day| day_label(&day.date)).unwrap_or_default(),
        _ => String::new(),
    };
    let font = ("sans-serif", 13).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .y_labels(5)
        .x_labels(8)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(GRID)
        .x_label_style(font.clone())
        .y_label_style(font)
        .x_label_formatter(&label)
        .y_label_formatter(&|value| crate::format::number(*value))
        .draw()?;
    let bars = days.iter().enumerate().map(|(index, day)| (index, day.requests));
    chart.draw_series(Histogram::vertical(&chart).style(REQUESTS.filled()).margin(3).data(bars))?;
    for (color, value) in
        [(ERRORS, (|day| day.errors) as fn(&DayUsage) -> u64), (LIMITED, |day: &DayUsage| day.limited)]
    {
        let points: Vec<_> =
            days.iter().enumerate().map(|(index, day)| (SegmentValue::CenterOf(index), value(day))).collect();
        if points.iter().any(|(_, value)| *value > 0) {
            chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
        }
    }
    root.present()?;
    drop(chart);
    drop(root);
    Ok(())
}

/// `2026-11-24` as `24 Nov`.
fn day_label(date: &str) -> String {
    let whole = crate::format::date(date);
    whole.rsplit_once(' ').map_or(whole.clone(), |(day, _)| day.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(requests: &[u64]) -> Vec<DayUsage> {
        let day = |(index, requests): (usize, &u64)| DayUsage {
            date: format!("2026-11-{:02}", index + 1),
            requests: *requests,
            ..DayUsage::default()
        };
        requests.iter().enumerate().map(day).collect()
    }

    #[test]
    fn a_chart_is_svg_without_style_or_script_whatever_the_numbers_are() {
        for requests in [&[][..], &[0], &[0; 30], &[u64::from(u32::MAX); 30], &[1, 0, 1_000_000]] {
            let svg = chart(&days(requests)).expect("a chart");
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
            for forbidden in ["style=", "<script", "<style", "NaN", "inf"] {
                assert!(!svg.contains(forbidden), "{forbidden}: {svg}");
            }
        }
    }
}

//! NumPy's files byte by byte, so that wrong ones can be made too.
#![allow(dead_code)]

use flate2::Crc;
use ndarray::Array2;

/// An .npy file of any type: header of version 1.0, then the bytes as they are.
pub fn npy(descr: &str, fortran_order: bool, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let order = if fortran_order { "True" } else { "False" };
    let sides: Vec<_> = shape.iter().map(|side| format!("{side},")).collect();
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({}), }}", sides.join(" "));
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

pub fn float64(array: &Array2<f64>) -> Vec<u8> {
    npy("<f8", false, array.shape(), &array.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

pub fn float32(array: &Array2<f64>) -> Vec<u8> {
    npy(
        "<f4",
        false,
        array.shape(),
        &array.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect::<Vec<_>>(),
    )
}

pub fn fortran(array: &Array2<f64>) -> Vec<u8> {
    npy("<f8", true, array.shape(), &array.t().iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

pub fn float16(shape: &[usize]) -> Vec<u8> {
    npy("<f2", false, shape, &vec![0; 2 * shape.iter().product::<usize>()])
}

pub fn int64(values: &[i64]) -> Vec<u8> {
    npy("<i8", false, &[values.len()], &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

/// An .npz file: a zip archive with the members stored as they are.
pub fn npz(arrays: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in arrays {
        let name = format!("{name}.npy");
        let mut crc = Crc::new();
        crc.update(content);
        // From the version needed to the length of the extra field: common to both headers.
        let mut common = Vec::new();
        common.extend([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]);
        common.extend(crc.sum().to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        let offset = file.len() as u32;
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size) = (file.len() as u32, directory.len() as u32);
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend((arrays.len() as u16).to_le_bytes());
    file.extend((arrays.len() as u16).to_le_bytes());
    file.extend(size.to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

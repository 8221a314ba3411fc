//! What a dictionary is: a field for each template, and a list of all of them.

/// Makes the type of a dictionary: every language has every template, or does not compile.
macro_rules! dictionary {
    ($(#[doc = $what:literal])* $dictionary:ident
     $($(#[doc = $doc:literal])* $name:ident: $class:ident [$($slot:literal)*];)+) => {
        $(#[doc = $what])*
        pub struct $dictionary {
            $($(#[doc = $doc])* pub $name: &'static str,)+
        }

        impl $dictionary {
            /// All of them, in order.
            #[must_use]
            pub fn all(&self) -> Vec<Template> {
                vec![$(Template {
                    name: stringify!($name),
                    class: Class::$class,
                    slots: &[$($slot),*],
                    text: self.$name,
                }),+]
            }
        }
    };
}

pub(super) use dictionary;
